"""python-telegram-bot's own echo bot, as its documentation shows it: polling, a handler that replies, no storage.

`python -m benchmarks.echo_bot BASE COUNT [--background]` prints the monotonic clock when COUNT handlers have finished.
With --background a handler hands its reply to the application and does not wait for it.
"""

import argparse
import time

from telegram import Update
from telegram.ext import Application, ApplicationBuilder, ContextTypes, MessageHandler, filters

from benchmarks.stage import TELEGRAM_TOKEN


def main() -> None:
    """Run until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("count", type=int)
    parser.add_argument("--background", action="store_true")
    options = parser.parse_args()
    finished = 0

    async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        nonlocal finished
        assert update.message is not None  # noqa: S101 (the filter lets only messages through)
        reply = update.message.reply_text(update.message.text or "")
        if options.background:
            context.application.create_task(reply)
        else:
            await reply
        finished += 1
        if finished == options.count:
            print(f"finished {time.monotonic()}", flush=True)

    builder = ApplicationBuilder().token(TELEGRAM_TOKEN).base_url(f"{options.base}/bot")
    # With all replies under way at once each must wait for a connection; one after the other they never do.
    application: Application = builder.pool_timeout(600).build()  # type: ignore[type-arg]
    application.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, echo))
    application.run_polling(allowed_updates=Update.ALL_TYPES)


if __name__ == "__main__":
    main()
