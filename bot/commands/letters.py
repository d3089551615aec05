"""The command `earshot letters`."""

import re
import shutil
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot.clock import kept_clock
from bot.commands.tools import bar, out, settings, the_school
from bot.finding import counted
from bot.letters import LettersProblem, write_letters
from bot.opening import open_store
from bot.parents_letters import write_parents_letters
from store import audit


def letters(
    folder: Annotated[Path, typer.Argument(help="A new folder for the letters, one PDF for each tutor group.")],
    bot: Annotated[str, typer.Option(help="The bot's username, as @BotFather gave it.")],
    parents: Annotated[bool, typer.Option("--parents", help="For parents and carers, not for pupils.")] = False,
) -> None:
    """Make a letter with a join code for every pupil who has no phone here yet; codes made for them before end.

    Each code works once, for thirty days. Print the letters, hand them out, and delete the folder. With --parents each
    parent or carer without a chat here gets a letter and a code of their own: post those, for who holds one can stop
    and start a child's check-ins.

    Example: earshot letters letters-autumn --bot your_school_bot
    """
    name = bot.removeprefix("https://").removeprefix("t.me/").removeprefix("@")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{3,31}", name):
        raise LettersProblem("The bot's username has 4 to 32 letters, digits and _, such as your_school_bot.")
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session, bar("Writing letters") as progress:
        write = write_parents_letters if parents else write_letters
        school, now = the_school(session), kept_clock(session)()
        count = write(session, sealer, school, folder, name, now, progress)
        if count:
            what = "wrote parents' letters" if parents else "wrote letters"
            # Every pupil's name is in them, and a code of theirs.
            subject = f"school:{school.id.hex}"
            audit.record(session, school.id, now, actor="command:letters", action=what, subject=subject)
            try:
                session.commit()
            except BaseException:
                # Letters whose codes were not kept would send pupils away.
                shutil.rmtree(folder, ignore_errors=True)
                raise
    engine.dispose()
    if not count:
        out.print("Nobody needs a letter.")
        return
    # A parent's code can stop a child's check-ins: it does not go home in a school bag.
    way = "post them or hand them to the adult" if parents else "hand them out"
    made = counted(count, "letter is", "letters are")
    out.plain(f"{made} in {folder}. Print them, {way}, then delete the folder.")
