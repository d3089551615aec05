"""Problems: what a command may end with that says in one sentence what happened and what to do."""

from bot.commands.wording import WordingProblem
from bot.importing.rows import ImportProblem
from bot.rehearsing import RehearsalProblem
from bot.sample.sample import SampleProblem
from bot.settings import SettingsProblem
from conversations.questions_file import QuestionsProblem
from scheduling.calendar import CalendarError
from scheduling.campaigns import CampaignProblem
from scheduling.rounds import WaveProblem
from signals.fairness import NeedsExtra
from store.sealing import KeyProblem
from store.vault import StoreProblem

PROBLEMS = (
    SettingsProblem,
    StoreProblem,
    KeyProblem,
    SampleProblem,
    RehearsalProblem,
    ImportProblem,
    NeedsExtra,
    WaveProblem,
    CampaignProblem,
    CalendarError,
    WordingProblem,
    QuestionsProblem,
)
