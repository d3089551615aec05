"""Commands about go-to adults: ask every pupil for two, stop asking, and how the school stands."""

import typer
from rich.table import Table
from sqlmodel import Session

from bot.clock import kept_clock
from bot.commands.tools import out, settings, the_school
from bot.opening import open_store
from scheduling import campaigns
from scheduling.school import facts
from store import audit, gotos
from store.tables import Staff

app = typer.Typer(help="Go-to adults: ask every pupil for two, and see how the school stands.", no_args_is_help=True)


@app.command()
def campaign() -> None:
    """Ask every pupil who has joined to name two go-tos, and remind once. Run again, it goes on where it stood.

    Example: earshot goto campaign
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        now = kept_clock(session)()
        school = facts(the_school(session))
        begun, fresh = campaigns.start(session, school, now)
        if fresh:
            subject = f"campaign:{begun.id.hex}"
            audit.record(session, school.id, now, actor="command", action="go-tos asked for", subject=subject)
        asked = campaigns.asked_of(session, begun)
        session.commit()
    if fresh:
        out.print("Every pupil who has joined is asked for two go-tos, as soon as Earshot is running.")
    else:
        out.print(f"A round is under way: {asked} pupils were asked. It goes on with the others.")


@app.command()
def stop() -> None:
    """Ask nobody more in the round under way.

    Example: earshot goto stop
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        stopped = campaigns.stop(session, the_school(session).id)
        session.commit()
    out.print("Nobody more is asked." if stopped else "No round is under way.")


@app.command()
def coverage() -> None:
    """Show by year group how many pupils have two go-tos, one, and nobody; and the adults named by many.

    Example: earshot goto coverage
    """
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        stands = gotos.coverage(session, the_school(session).id)
        named = [
            (str(sealer.read(session.get_one(Staff, staff_id), "name")), count, stands.years_of(staff_id))
            for staff_id, count in stands.named_by_many.items()
        ]
    table = Table("year", "two", "one", "nobody")
    for year in stands.years:
        table.add_row(*map(str, (year.year, year.two, year.one, year.nobody)))
    out.print(table)
    for name, count, years in named:
        many = f"{stands.many} or more is many here"
        out.print(f"{name} is named by {count} pupils (by year {years}); {many}.", markup=False)
