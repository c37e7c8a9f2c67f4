"""The page: complete, offline, with the names that were given."""

from html.parser import HTMLParser

import numpy as np
import pytest

from nashae_metrics import evaluate
from nashae_metrics.report.page import html_page

FACTORS = np.stack(np.meshgrid(range(2), range(4), range(9), indexing="ij"), -1).reshape(-1, 3)
CODES = np.column_stack([FACTORS[:, 1:] + 0.0, np.zeros(len(FACTORS))])


def evaluation(**options):
    return evaluate(CODES, rng=np.random.default_rng(0), bootstrap=None, **options)


class Cells(HTMLParser):
    """Rows of the tables as lists of text, and what the page would load."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.loads, self.open = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self.open.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def test_the_maps_show_what_each_latent_learnt():
    found = evaluation(factors=FACTORS, attributes=FACTORS > 0, metrics=["mig", "dci", "tad"])
    page = Cells(html_page(found, title="mine", factor_names=["a", "b", "c"]))
    headers = [row[1:] for row in page.rows if row and row[0] == ""]
    assert headers == [["a", "b", "c"], ["a", "b", "c"], [f"attribute {i}" for i in range(3)]]
    information = next(row for row in page.rows if row[0] == "latent 0")
    assert information == ["latent 0", "0.00", "1.00", "0.00"]
    areas = [row for row in page.rows if row[0] == "latent 2"][2]
    assert areas == ["latent 2", "0.50", "0.50", "0.50"]
    assert page.loads == []


def test_a_constant_factor_has_no_column_and_its_name_is_skipped():
    constant = np.column_stack([np.zeros(len(FACTORS), int), FACTORS[:, 1:]])
    found = evaluation(factors=constant, metrics=["mig"])
    page = Cells(html_page(found, title="mine", factor_names=["color", "b", "c"]))
    assert ["", "b", "c"] in page.rows
    unnamed = Cells(html_page(found, title="mine"))
    assert ["", "factor 1", "factor 2"] in unnamed.rows


def test_attributes_keep_their_names_and_titles_are_escaped():
    found = evaluation(attributes=FACTORS[:, :2] > 0, metrics=["tad"])
    page = html_page(found, title="<b>", attribute_names=["Bangs", "Male"])
    assert ["", "Bangs", "Male"] in Cells(page).rows
    assert "&lt;b&gt;: scores" in page


def test_a_wrong_number_of_names_is_told():
    found = evaluation(factors=FACTORS, attributes=FACTORS > 0, metrics=["mig", "tad"])
    with pytest.raises(ValueError, match="factor_names must be 3 names or more; got 2"):
        html_page(found, title="", factor_names=["a", "b"])
    with pytest.raises(ValueError, match="attribute_names must be 3 names; got 2"):
        html_page(found, title="", attribute_names=["a", "b"])
