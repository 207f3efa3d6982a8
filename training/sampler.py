"""Batches of images of similar shape, shuffled anew each epoch, split among ranks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler


class AspectSampler(Sampler[list[int]]):
    """Groups wide and tall images, so that little of a batch is padding.

    The order depends on the seed and the epoch alone: that of an epoch is the last one's, shuffled once more. Wide
    (height < width) images fill batches first, then tall ones; what is left over of both makes mixed batches. Within a
    batch images are sorted by height / width. With several ranks the batches are shuffled and dealt out in shares; the
    first ones are repeated until every rank has the same number.

    Args:
        sizes: (height, width) of every image.
        batch_size: Images per batch and rank.
        drop_last: Whether a last, smaller batch is left out.
        rank, num_ranks: Which share of the batches to yield.
        seed: Added to the epoch.
    """

    def __init__(
        self,
        sizes: Sequence[tuple[int, int]],
        batch_size: int,
        *,
        drop_last: bool = False,
        rank: int = 0,
        num_ranks: int = 1,
        seed: int = 0,
    ) -> None:
        self._ratios = [height / width for height, width in sizes]
        self._batch_size = batch_size
        self._drop_last = drop_last
        self._rank = rank
        self._num_ranks = num_ranks
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch that the next iteration shuffles for."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Number of batches of this rank."""
        count = len(self._ratios)
        batches = count // self._batch_size if self._drop_last else -(-count // self._batch_size)
        return -(-batches // self._num_ranks)

    def __iter__(self) -> Iterator[list[int]]:
        """Yields the indices of one batch after the other."""
        wide = [i for i, ratio in enumerate(self._ratios) if ratio < 1]
        tall = [i for i, ratio in enumerate(self._ratios) if ratio >= 1]
        for epoch in range(self._epoch + 1):
            generator = torch.Generator().manual_seed(self._seed + epoch)
            wide = [wide[i] for i in torch.randperm(len(wide), generator=generator).tolist()]
            tall = [tall[i] for i in torch.randperm(len(tall), generator=generator).tolist()]
        batches = self._make_batches(wide, tall)
        if self._num_ranks > 1:
            generator = torch.Generator().manual_seed(self._seed + self._epoch)
            batches = [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]
            batches += batches[: -len(batches) % self._num_ranks]
            share = len(batches) // self._num_ranks
            batches = batches[self._rank * share : (self._rank + 1) * share]
        yield from batches

    def _make_batches(self, wide: list[int], tall: list[int]) -> list[list[int]]:
        batches: list[list[int]] = []
        left_over: list[int] = []
        for order in (wide, tall):
            num_full = len(order) - len(order) % self._batch_size
            batches += [order[i : i + self._batch_size] for i in range(0, num_full, self._batch_size)]
            left_over += order[num_full:]
        for i in range(0, len(left_over), self._batch_size):
            batch = left_over[i : i + self._batch_size]
            if len(batch) == self._batch_size or not self._drop_last:
                batches.append(batch)
        return [sorted(batch, key=lambda i: self._ratios[i]) for batch in batches]


class MixtureSampler(Sampler[list[int]]):
    """Endless batches that draw from several sets with given shares, each set shuffled and exhausted before it repeats.

    Args:
        groups: The indices of each set.
        weights: The share of each set in the batches; need not sum to 1.
        batch_size: Images per batch.
        num_batches: Length of one epoch, the same in each process.
        seed: Added to the epoch.
        rank, num_ranks: Which share of the batches to yield.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[int]],
        weights: Sequence[float],
        batch_size: int,
        num_batches: int,
        seed: int = 0,
        *,
        rank: int = 0,
        num_ranks: int = 1,
    ) -> None:
        self._rank, self._num_ranks = rank, num_ranks
        filled = [(list(group), weight) for group, weight in zip(groups, weights, strict=True) if group and weight > 0]
        self._groups = [group for group, _ in filled]
        self._weights = torch.tensor([weight for _, weight in filled], dtype=torch.float64)
        self._batch_size = batch_size
        self._num_batches = num_batches
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch that the next iteration shuffles for."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Number of batches."""
        return self._num_batches

    def __iter__(self) -> Iterator[list[int]]:
        """Yields the indices of one batch after the other."""
        generator = torch.Generator().manual_seed(self._seed + 100_003 * self._epoch)
        queues: list[list[int]] = [[] for _ in self._groups]
        for number in range(self._num_batches * self._num_ranks):
            picks = torch.multinomial(self._weights, self._batch_size, replacement=True, generator=generator)
            batch = []
            for group in picks.tolist():
                if not queues[group]:
                    order = torch.randperm(len(self._groups[group]), generator=generator).tolist()
                    queues[group] = [self._groups[group][i] for i in order]
                batch.append(queues[group].pop())
            if number % self._num_ranks == self._rank:
                yield batch
