"""What each metric is: the one list that `evaluate`, the command line and the README go by."""

from dataclasses import dataclass
from typing import Literal

Needs = Literal["factors", "attributes", "codes", "predictions", "codes of several seeds"]


@dataclass(frozen=True)
class Metric:
    """One metric of the package.

    name: that of its function. source: the paper that defines it. range: of the score, with m
    latents and k factors. better: "high" or "low", where one is. cost: seconds on one core for
    10,000 samples, 10 latents and 5 factors, with the default interval. needs: what the metric
    takes beside the codes. protocols: by name, the default first.
    """

    name: str
    summary: str
    source: str
    range: str
    better: str
    cost: float
    needs: Needs = "factors"
    protocols: tuple[str, ...] = ("standard", "locatello2019")


OURS = ("standard",)

METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "tad",
            "by how much one latent alone detects each attribute, in sum",
            "Yeats et al. 2022",
            "0 … k/2",
            "high",
            0.2,
            "attributes",
            ("exact", "yeats2022"),
        ),
        Metric(
            "beta_vae",
            "accuracy in telling which factor the pairs share",
            "Higgins et al. 2017",
            "0 … 1, chance 1/k",
            "high",
            0.6,
            protocols=(
                "standard",
                "locatello2019",
                "higgins2017",
                "yeats2022-beamsynthesis",
                "yeats2022-dsprites",
            ),
        ),
        Metric(
            "factor_vae",
            "accuracy in telling it by the latent that varies least",
            "Kim & Mnih 2018",
            "0 … 1, chance 1/k",
            "high",
            0.2,
        ),
        Metric(
            "mig",
            "gap in information between the two best latents of each factor",
            "Chen et al. 2018",
            "0 … 1",
            "high",
            0.1,
        ),
        Metric(
            "rmig",
            "the same gap in nats, not divided by the factor's entropy",
            "Do & Tran 2020",
            "0 … log classes",
            "high",
            0.1,
            protocols=OURS,
        ),
        Metric(
            "jemmig",
            "what the best latent holds beside the factor, and the second best of it",
            "Do & Tran 2020",
            "0 … 1",
            "low",
            0.1,
            protocols=OURS,
        ),
        Metric(
            "mig_sup",
            "gap in information between the two best factors of each latent",
            "Li et al. 2020",
            "0 … 1",
            "high",
            0.1,
            protocols=OURS,
        ),
        Metric(
            "dcimig",
            "information that each factor's own latent has of it alone",
            "Sepliarskaia et al. 2020",
            "0 … 1",
            "high",
            0.1,
            protocols=OURS,
        ),
        Metric(
            "modularity",
            "whether each latent knows of one factor only",
            "Ridgeway & Mozer 2018",
            "0 … 1",
            "high",
            0.1,
        ),
        Metric(
            "explicitness",
            "AUROC of each class of each factor by logistic regression",
            "Ridgeway & Mozer 2018",
            "0 … 1, chance .5",
            "high",
            2.0,
            protocols=("standard", "locatello2019", "locatello2019-multinomial"),
        ),
        Metric(
            "sap",
            "gap between the two best single latents in predicting each factor",
            "Kumar et al. 2018",
            "0 … 1",
            "high",
            0.2,
        ),
        Metric(
            "dci",
            "disentanglement: whether a predictor uses each latent for one factor only",
            "Eastwood & Williams 2018",
            "0 … 1",
            "high",
            15.0,
        ),
        Metric(
            "dci_es",
            "how small a predictor can tell the factors",
            "Eastwood et al. 2023",
            "−1 … 1",
            "high",
            15.0,
            protocols=OURS,
        ),
        Metric(
            "irs",
            "whether a latent stays where its factor is held and the others move",
            "Suter et al. 2019",
            "0 … 1",
            "high",
            0.1,
        ),
        Metric(
            "infomec",
            "InfoM, InfoC and InfoE: shares of information, by nearest neighbours",
            "Hsu et al. 2023",
            "0 … 1",
            "high",
            4.0,
            protocols=("standard", "hsu2023"),
        ),
        Metric(
            "mcc",
            "mean correlation of latents and factors, matched one to one",
            "Hyvärinen & Morioka 2016",
            "0 … 1",
            "high",
            0.1,
            protocols=OURS,
        ),
        Metric(
            "total_correlation",
            "distance of the codes from independence, taken as Gaussian, in nats",
            "Watanabe 1960",
            "0 … ∞",
            "low",
            0.1,
            "codes",
        ),
        Metric(
            "wasserstein_correlation",
            "the same by the Wasserstein distance",
            "Locatello et al. 2020",
            "0 … ∞",
            "low",
            0.1,
            "codes",
        ),
        Metric(
            "mutual_information",
            "mean information between two latents, in nats",
            "Locatello et al. 2019",
            "0 … log bins",
            "low",
            0.1,
            "codes",
        ),
        Metric(
            "predictability",
            "mean R² between the latents and their predictions from the others",
            "Yeats et al. 2022",
            "0 … 1",
            "low",
            0.1,
            "predictions",
            OURS,
        ),
        Metric(
            "learned_latents",
            "how many latents are in use",
            "Yeats et al. 2022",
            "0 … m",
            "as many as factors",
            0.1,
            "codes",
            OURS,
        ),
        Metric(
            "udr",
            "whether models of other seeds find the same latents",
            "Duan et al. 2020",
            "0 … 1",
            "high",
            1.0,
            "codes of several seeds",
            OURS,
        ),
    )
}
