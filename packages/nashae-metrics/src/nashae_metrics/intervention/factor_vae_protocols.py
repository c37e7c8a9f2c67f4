"""The protocols of the FactorVAE metric, by name."""

from dataclasses import dataclass

from nashae_metrics.ground.active_latents import ActiveLatents


@dataclass(frozen=True)
class FactorVAEProtocol:
    """All that a FactorVAE score depends on apart from the codes, the factors and the seed.

    Args:
        name: the protocol's name.
        batch: how many rows a batch has (L).
        train_votes: how many votes decide the factor of each latent.
        test_votes: how many votes are scored.
        variance_rows: how many rows the variances over the data are taken from, drawn anew for each
            repeat; None for all.
        strict: a value of a factor that occurs in one row only is an error; otherwise it is left
            out.
        active: the rule of active latents.

    Raises:
        ValueError: `batch` or `variance_rows` is below 2, or another number below 1.
    """

    name: str
    batch: int = 64
    train_votes: int = 10_000
    test_votes: int = 5_000
    variance_rows: int | None = None
    strict: bool = False
    active: str | ActiveLatents = "constant"

    def __post_init__(self) -> None:
        for field, least in (("batch", 2), ("train_votes", 1), ("test_votes", 1)):
            if getattr(self, field) < least:
                raise ValueError(f"{field} must be {least} or more; got {getattr(self, field)}")
        if self.variance_rows is not None and self.variance_rows < 2:
            raise ValueError(f"variance_rows must be 2 or more; got {self.variance_rows}")


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        FactorVAEProtocol("standard"),
        FactorVAEProtocol("locatello2019", variance_rows=10_000, strict=True, active="std"),
    )
}
