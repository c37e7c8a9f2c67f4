"""The tables by their number; None is the short version of Table 1."""

from apps.reproduce.table import Table
from apps.reproduce.table1.table import SHORT
from apps.reproduce.table1.table import TABLE as TABLE_1
from apps.reproduce.table2.table import TABLE as TABLE_2
from apps.reproduce.table3.table import TABLE as TABLE_3

TABLES: dict[int | None, Table] = {None: SHORT, 1: TABLE_1, 2: TABLE_2, 3: TABLE_3}
