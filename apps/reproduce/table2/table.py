"""The record of Table 2."""

from apps.reproduce.table import Table
from apps.reproduce.table2.paper import TABLE_2, TRIALS
from apps.reproduce.table2.pictures import draw
from apps.reproduce.table2.recipes import table_2_recipes
from apps.reproduce.table2.report import contents, summary
from apps.reproduce.table2.score import score_sprites

TABLE = Table(
    name="table2",
    title="Table 2",
    page="table2.html",
    methods=tuple(dict.fromkeys(method for method, _ in TABLE_2)),
    trials=TRIALS,
    recipes=table_2_recipes,
    score=score_sprites,
    draw=draw,
    contents=contents,
    summary=summary,
)
