"""`python -m bot`, or `earshot`: the command line."""

import gc
import signal

# What is loaded stays: to look for rubbish among it costs a third of the start. `bot.command_line` ends this.
gc.disable()

# Ctrl-C while it is being loaded ends it at once, as it would any program; whoever had it ignored is let be.
_PYTHONS_OWN = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if _PYTHONS_OWN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from bot.command_line import main  # noqa: E402 (see above)

if __name__ == "__main__":
    if _PYTHONS_OWN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
