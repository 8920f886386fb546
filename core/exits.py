"""Exit codes that mean something to who restarts a process."""

from typing import Final

#: The process was up but took no work; started again, it does (EX_TEMPFAIL).
DEAF: Final = 75
