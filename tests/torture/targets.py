"""What a stranger's bytes can reach, each as a function that must end in a result or in an error for people.

Whatever a function raises beside `SeamsegError` is a finding.
"""

from __future__ import annotations

from tests.torture import file_targets, message_targets, window_target
from tests.torture.target import Target

TARGETS: dict[str, Target] = {**file_targets.TARGETS, **message_targets.TARGETS, **window_target.TARGETS}
