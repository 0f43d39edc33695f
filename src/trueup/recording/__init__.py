"""Recording: the blocks of docs that exist, run unmodified once at a live gateway, and from then on
offline against what it replied. Needs no status file."""

from trueup.recording.blocks import Block, FoundBlocks, find_blocks
from trueup.recording.har import FOLDER, load_recordings
from trueup.recording.record import Recorder, would_send
from trueup.recording.replay import Replayer, check_days, replay_blocks, units_of
from trueup.recording.send_rules import SendRules

__all__ = [
    "FOLDER",
    "Block",
    "FoundBlocks",
    "Recorder",
    "Replayer",
    "SendRules",
    "check_days",
    "find_blocks",
    "load_recordings",
    "replay_blocks",
    "units_of",
    "would_send",
]
