"""`python -m bot`, or `earshot`: the command line."""

import gc

# What is loaded stays: to look for rubbish among it costs a third of the start. `bot.command_line` ends this.
gc.disable()

from bot.command_line import main  # noqa: E402 (see above)

if __name__ == "__main__":
    main()
