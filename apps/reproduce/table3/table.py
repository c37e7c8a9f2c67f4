"""The record of Table 3."""

from dataclasses import replace
from functools import partial

from apps.reproduce.table import Table
from apps.reproduce.table3.paper import TABLE_3, TRIALS
from apps.reproduce.table3.pictures import draw
from apps.reproduce.table3.recipes import table_3_recipes
from apps.reproduce.table3.report import contents, summary
from apps.reproduce.table3.score import score_faces

_ON_CELEBA = Table(
    name="table3",
    title="Table 3",
    page="table3.html",
    methods=tuple(dict.fromkeys(method for method, _ in TABLE_3)),
    trials=TRIALS,
    recipes=partial(table_3_recipes, data="celeba"),
    score=score_faces,
    draw=draw,
    contents=contents,
    summary=summary,
)
TABLE = replace(
    _ON_CELEBA, recipes=partial(table_3_recipes, data="synthetic-faces"), on_celeba=_ON_CELEBA
)
