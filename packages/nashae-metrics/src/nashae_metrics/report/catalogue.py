"""The list of all metrics, which `evaluate`, the command line and the README go by."""

from nashae_metrics.attributes import tad
from nashae_metrics.correlation import (
    mcc,
    predictability,
    total_correlation,
    udr,
    wasserstein_correlation,
)
from nashae_metrics.ground import learned_latents
from nashae_metrics.information import (
    dcimig,
    infomec,
    jemmig,
    mig,
    mig_sup,
    modularity,
    mutual_information,
    rmig,
)
from nashae_metrics.intervention import beta_vae, factor_vae, irs
from nashae_metrics.prediction import dci, dci_es, explicitness, sap

# A metric's random stream in `evaluate` is that of its place: add new ones at the end.
METRICS = {
    module.METRIC.name: module.METRIC
    for module in (
        tad,
        beta_vae,
        factor_vae,
        mig,
        rmig,
        jemmig,
        mig_sup,
        dcimig,
        modularity,
        explicitness,
        sap,
        dci,
        dci_es,
        irs,
        infomec,
        mcc,
        total_correlation,
        wasserstein_correlation,
        mutual_information,
        predictability,
        learned_latents,
        udr,
    )
}
