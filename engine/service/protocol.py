"""What the window and its engine say to each other. No torch here: the window imports this.

**Processes.** One child per device owns torch. The client starts it as `python -P -m
seamseg_studio.engine.service.worker` through `subprocess`, not `multiprocessing`'s spawn: spawn imports the parent's
`__main__` again (a window, a pytest run, a frozen script), starts a resource tracker beside every program, and differs
between the systems; a plain module run does none of that, on Linux, Windows and macOS alike. `-P` keeps files of the
current folder (a `torch.py`, say) out of the child's imports.

**Greeting.** The client writes one JSON line to the child's stdin (`WorkerConfig`, with a fresh authentication key,
which so appears neither in the process list nor in the environment); the child listens with
`multiprocessing.connection` and prints its address as one JSON line on stdout; the client connects, both prove the key
(HMAC), and the child says `Hello` with its PROTOCOL version. Strangers at the door who do not know the key, or say
nothing, keep nobody out. Nothing can hang: a child that dies closes its stdout, a client that dies closes the child's
stdin, which a thread of the child watches, to end the process at once. A client that is done closes it on purpose:
there is no other farewell, since a worker has nothing to save.

**Messages.** The frozen dataclasses below, as MessagePack (see `codec`), every field of the type it has here and none
longer than MAX_MESSAGE_BYTES; nothing is unpickled. Every request has a number chosen by the client and gets exactly
one final answer: `Loaded`, `Predicted`, `Prompted`, `Followed`, `Failed` or `Cancelled`. Before it `Started` says that
work on it began, and any number of `Progress` say what is happening in words.

    client -> worker   LoadModel  Predict  PredictFile  FuseAgain  FuseAround  Ask  Show
                       Reprioritise  Cancel  Ping  Taken
    worker -> client   Hello  Started  Progress  Loaded  Predicted  Prompted  Followed  Unseen  Failed  Cancelled
                       Pong  Taken

**Prompts.** An image that a person works on is labelled under a key, and the worker keeps the network's features of the
last few keys. `Ask` brings a prompt and the key only, a hundred bytes; a worker that does not have that key (any more)
answers `Unseen`, and the client asks again with the pixels (`Show`), which then are looked at first. `FuseAgain` asks
in the same way for the map at other thresholds; after `Unseen` comes a `Predict`. `FuseAround` asks what follows from a
correction; after `Unseen` it comes again, with the image in its block.

**Order.** The worker does one request at a time: model loads first, then INTERACTIVE, then BATCH, each in the order of
their numbers. The client holds batch requests back so that at most two are at the worker; interactive ones go at once.

**Cancel.** A waiting request is dropped; the one in progress stops at the next boundary between stages of the network.
The client's future is cancelled at once in either case, and what still arrives for it is dropped.

**Pixels** travel in blocks of shared memory that have no name in the file system (`shared_pixels`): the memory belongs
to the handles and mappings of it, so the system frees it when the last process that has one ends, however it ends.
Nobody ever unlinks anything, no resource tracker is involved, and /dev/shm stays empty even after both are killed.

    moment                                      who has the block
    client packs the image                      client
    Predict sent                                client, until Taken; and the message itself, in the socket
    worker receives Predict, answers Taken      worker; the client lets go
    request done, failed or cancelled           nobody: freed
    worker packs the result                     worker
    Predicted sent                              worker, until Taken; and the message itself
    client receives it, answers Taken           client; the worker lets go
    client has copied the arrays out            nobody: freed
    connection lost at any moment               either side drops what it holds in transit; the client keeps the
                                                caller's image and packs it again for the next child

**Trouble.** The client pings; a child silent for too long is killed. When a child dies, another is started, loads the
model last asked for and gets the unanswered requests again. The one in progress is tried once more; if it takes a
second child down it fails with a sentence. A device that takes down several children in a row is given up for the CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

# These import no torch either; the window takes them from here.
from seamseg_studio.engine.inference.options import PredictOptions as PredictOptions
from seamseg_studio.engine.inference.prompts import BoxPrompt as BoxPrompt
from seamseg_studio.engine.inference.prompts import CategoryPrompt as CategoryPrompt
from seamseg_studio.engine.inference.prompts import CategoryScore as CategoryScore
from seamseg_studio.engine.inference.prompts import ClickPrompt as ClickPrompt
from seamseg_studio.engine.inference.prompts import Line as Line
from seamseg_studio.engine.inference.prompts import PackedMask as PackedMask
from seamseg_studio.engine.inference.prompts import Prompt as Prompt
from seamseg_studio.engine.inference.prompts import PromptAnswer as PromptAnswer
from seamseg_studio.engine.inference.prompts import StrokesPrompt as StrokesPrompt

PROTOCOL = 5

MAX_MESSAGE_BYTES = 2**26  # masks and strokes stay far below it; pixels travel beside the messages


class Priority(IntEnum):
    """Who waits for the answer; lower numbers are served first."""

    CONTROL = 0  # a change of the model itself
    INTERACTIVE = 1  # a person is looking at the image
    BATCH = 2


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """Where an array lies in a block: `shape` elements of `dtype` (numpy's string), C order, from byte `offset`."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """A block of shared memory on its way: its number (unique per sender), size and content.

    `tag` is the system's name of the block where handles cannot be passed along (Windows), else empty.
    """

    number: int
    num_bytes: int
    arrays: tuple[ArraySpec, ...]
    tag: str = ""


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What a CorrectedPart is without its arrays: categories as pairs of segment and category."""

    box: tuple[int, int, int, int]
    before: tuple[tuple[int, int], ...]
    after: tuple[tuple[int, int], ...]
    denied: tuple[int, ...]
    widened: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Load a bundle; the previous one stays in use if that fails. Answer: Loaded."""

    request: int
    spec: str | None
    priority: int = Priority.CONTROL


@dataclass(frozen=True, slots=True)
class Predict:
    """Label the image that is the block's only array, `image`. Answer: Predicted."""

    request: int
    block: BlockSpec
    options: PredictOptions
    priority: int
    key: str = ""  # under which the features are kept; empty keeps none


@dataclass(frozen=True, slots=True)
class PredictFile:
    """Label the image in a file, which the worker reads. Answer: Predicted."""

    request: int
    path: str
    options: PredictOptions
    priority: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class FuseAgain:
    """Label the image of a key with other thresholds, without running the network. Answer: Predicted, or Unseen."""

    request: int
    key: str
    options: PredictOptions
    priority: int


@dataclass(frozen=True, slots=True)
class FuseAround:
    """Say what follows from a correction (see `results`). Answer: Followed, or Unseen.

    The block has the arrays of the correction, and the pixels as `image` if the worker has not seen them.
    """

    request: int
    block: BlockSpec
    key: str
    facts: PartFacts
    options: PredictOptions
    priority: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer a prompt about the image of a key. Answer: Prompted, or Unseen."""

    request: int
    key: str
    prompt: Prompt
    priority: int


@dataclass(frozen=True, slots=True)
class Show:
    """The same, with the image as the block's only array, `image`. Answer: Prompted."""

    request: int
    block: BlockSpec
    key: str
    prompt: Prompt
    priority: int


@dataclass(frozen=True, slots=True)
class Reprioritise:
    """Serve a waiting request with another priority."""

    request: int
    priority: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody wants the answer any more."""

    request: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there? Answer: Pong, also in the middle of a request."""

    number: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The receiver of a block has it; its sender may let go."""

    block: int


@dataclass(frozen=True, slots=True)
class Hello:
    """The child's first message."""

    protocol: int
    pid: int


@dataclass(frozen=True, slots=True)
class Started:
    """Work on the request has begun."""

    request: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What is happening to the request, in words for the status bar."""

    request: int
    message: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is loaded. `taxonomy` is Taxonomy.to_json() as text; `device` what it runs on."""

    request: int
    name: str
    taxonomy: str
    num_parameters: int
    card_title: str
    device: str
    min_stuff_area: float = 4096.0


@dataclass(frozen=True, slots=True)
class Predicted:
    """The image is labelled. The block holds the arrays of a PanopticResult (see `results`)."""

    request: int
    block: BlockSpec
    timings_ms: Mapping[str, float]
    bundle: str
    device: str
    fingerprint: str = ""  # tells models of one name apart


@dataclass(frozen=True, slots=True)
class Prompted:
    """The answer to a prompt."""

    request: int
    answer: PromptAnswer
    bundle: str
    device: str


@dataclass(frozen=True, slots=True)
class Followed:
    """What follows from a correction. The block holds the arrays of Consequences (see `results`)."""

    request: int
    block: BlockSpec
    box: tuple[int, int, int, int]
    timings_ms: Mapping[str, float]
    bundle: str
    device: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """The worker has no features of the key; ask again with `Show` or `Predict`."""

    request: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The request cannot be answered, and the sentence saying why."""

    request: int
    message: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The request was dropped as asked."""

    request: int


@dataclass(frozen=True, slots=True)
class Pong:
    """Yes."""

    number: int


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """The child's first line of input, as JSON.

    Attributes:
        protocol: PROTOCOL of the client.
        authkey: Hexadecimal secret of the connection.
        device: "auto", "cpu", "cuda" or "cuda:I".
        precision: "auto", "fp32", "fp16" or "bf16".
        num_threads: CPU threads for torch; 0 leaves the choice to it.
        factory: "module:function" making the model, `(spec, device, precision) -> Model` (see `runner`).
        segmenter: "module:function" making another model that answers prompts, `(device) -> Segmenter` (see
            `engine.inference.prompts`); empty for none.
    """

    protocol: int
    authkey: str
    device: str
    precision: str
    num_threads: int
    factory: str
    segmenter: str = ""


class EngineKind(StrEnum):
    """What the engine is doing."""

    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    BUSY = "busy"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class EngineState:
    """What the status bar shows.

    Attributes:
        kind: What the engine is doing.
        device: What the model runs on ("cpu", "cuda:0"); what was asked for until that is known.
        message: A sentence for a person; may be empty when all is well.
    """

    kind: EngineKind
    device: str
    message: str = ""


Asked = LoadModel | Predict | PredictFile | FuseAgain | FuseAround | Ask | Show
ToWorker = Asked | Reprioritise | Cancel | Ping | Taken
Answered = Predicted | Prompted | Followed
ToClient = Hello | Started | Progress | Loaded | Answered | Unseen | Failed | Cancelled | Pong | Taken
Message = ToWorker | ToClient
