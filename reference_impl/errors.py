"""What can go wrong in a run through no fault of the code.

RunError
  Impossible      settings that fit neither each other nor the images nor the memory; nothing has run
  DataError       a data set is missing, incomplete or not the one that was asked for
  Diverged        the loss is no number any more, or all embeddings have become one
  CheckpointError a checkpoint is missing or belongs to another run
  ProcessFailed   one of several processes broke off, and with it the run
"""


class RunError(Exception):
    """Base of the errors of a run; the message is for the person who started it."""


class Impossible(RunError):
    """Settings that fit neither each other nor the images nor the memory; nothing has run."""


class DataError(RunError):
    """A data set is missing, incomplete or not the one that was asked for."""


class Diverged(RunError):
    """The loss is no number any more, or all embeddings have become one."""


class CheckpointError(RunError):
    """A checkpoint is missing, broken or belongs to another run."""


class ProcessFailed(RunError):
    """One of several processes broke off, and with it the run."""
