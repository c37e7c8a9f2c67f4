"""The recipes by name, so that a table can cite them."""

from collections.abc import Callable

from apps.recipes.data import DataName
from apps.recipes.faces import FACES
from apps.recipes.methods import (
    AAERecipe,
    AnnealedVAERecipe,
    AnyRecipe,
    BetaTCVAERecipe,
    CovarianceRecipe,
    DIPVAEIIRecipe,
    DIPVAEIRecipe,
    FactorVAERecipe,
    InfoGANRecipe,
    NashAERecipe,
    VAERecipe,
)
from nashae_baselines import (
    AAEConfig,
    AnnealedVAEConfig,
    BetaTCVAEConfig,
    CovarianceAutoencoderConfig,
    DIPVAEConfig,
    FactorVAEConfig,
    InfoGANConfig,
    VAEConfig,
)
from nashae_core import NashAEConfig, TrainConfig

# The authors' for every method on dSprites.
DSPRITES_TRAINING = TrainConfig(steps=4000, batch_size=200, record_every=20)
DSPRITES_IMAGES = 737_280
# The authors' for every method on CelebA, and so on the faces that stand in for it.
FACE_TRAINING = TrainConfig(steps=4000, batch_size=200, record_every=20, channels_last=True)
FACE_LATENTS = 32
CELEBA_IMAGES = 202_599


def beamsynthesis_nashae() -> NashAERecipe:
    """NashAE on Beamsynthesis, as the paper's Table 1 and Figure 3 have it (λ = 0.2)."""
    return NashAERecipe(method=NashAEConfig(lam=0.2))


def beamsynthesis_beta_vae() -> VAERecipe:
    """β-VAE on Beamsynthesis, as the paper's Table 1 and Figure 3 have it (β = 100)."""
    return VAERecipe(method=VAEConfig(beta=100.0, lr=0.01))


def beamsynthesis_beta_tcvae() -> BetaTCVAERecipe:
    """β-TCVAE on Beamsynthesis, as the paper's Table 1 has it (β = 75)."""
    return BetaTCVAERecipe(method=BetaTCVAEConfig(observations=360, beta=75.0, lr=0.01))


def beamsynthesis_factor_vae() -> FactorVAERecipe:
    """FactorVAE on Beamsynthesis, as the paper's Table 1 has it (β = 75)."""
    return FactorVAERecipe(method=FactorVAEConfig(beta=75.0, lr=1e-4))


def beamsynthesis_dip_vae_i() -> DIPVAEIRecipe:
    """DIP-VAE I on Beamsynthesis, the weights its authors' (λ_od = 10, λ_d = 100)."""
    method = DIPVAEConfig(off_diagonal=10.0, diagonal=100.0, kind="i", lr=0.01)
    return DIPVAEIRecipe(method=method)


def beamsynthesis_dip_vae_ii() -> DIPVAEIIRecipe:
    """DIP-VAE II on Beamsynthesis, the weights its authors' (λ_od = λ_d = 10)."""
    method = DIPVAEConfig(off_diagonal=10.0, diagonal=10.0, kind="ii", lr=0.01)
    return DIPVAEIIRecipe(method=method)


def beamsynthesis_annealed_vae() -> AnnealedVAERecipe:
    """AnnealedVAE on Beamsynthesis: C = 6 nats, because log 360 tells its waveforms apart."""
    return AnnealedVAERecipe(method=AnnealedVAEConfig(capacity=6.0, warm_up=500, lr=5e-4))


def beamsynthesis_aae() -> AAERecipe:
    """The adversarial autoencoder on Beamsynthesis, weighted as FactorVAE is there (β = 75)."""
    return AAERecipe(method=AAEConfig(beta=75.0, lr=1e-4))


def beamsynthesis_info_gan() -> InfoGANRecipe:
    """InfoGAN on Beamsynthesis, with its authors' settings."""
    return InfoGANRecipe(method=InfoGANConfig(lr=1e-3, discriminator_lr=2e-4))


def beamsynthesis_covariance() -> CovarianceRecipe:
    """NashAE without its predictors on Beamsynthesis: an ablation, λ = 0.2 as with them."""
    return CovarianceRecipe(method=CovarianceAutoencoderConfig(lam=0.2))


def dsprites_nashae() -> NashAERecipe:
    """NashAE on dSprites, as the paper's Table 2 has it (λ = 0.002)."""
    return NashAERecipe(
        method=NashAEConfig(lam=0.002), data="dsprites", latents=10, train=DSPRITES_TRAINING
    )


def dsprites_beta_vae() -> VAERecipe:
    """β-VAE on dSprites, as the paper's Table 2 has it (β = 4)."""
    method = VAEConfig(beta=4.0, likelihood="bernoulli", lr=1e-3)
    return VAERecipe(method=method, data="dsprites", latents=10, train=DSPRITES_TRAINING)


def dsprites_beta_tcvae() -> BetaTCVAERecipe:
    """β-TCVAE on dSprites, as the paper's Table 2 has it (β = 2)."""
    method = BetaTCVAEConfig(
        observations=DSPRITES_IMAGES, beta=2.0, likelihood="bernoulli", lr=1e-3
    )
    return BetaTCVAERecipe(method=method, data="dsprites", latents=10, train=DSPRITES_TRAINING)


def dsprites_factor_vae() -> FactorVAERecipe:
    """FactorVAE on dSprites: γ = 35 and Adam with 1e-4 as its authors; it is not in the paper.

    NashAE's authors offer it in their notebook, where the rate is 1e-3 for every method.

    The rest is what the other recipes have: their perceptrons (its authors' are convolutional), the
    discriminator of NashAE's authors (m-1024-1024-1024-1, SELU; its authors' has six layers of
    1000 with leaky ReLU), and 4000 steps of 200 images (its authors': 300,000 of 64). A step draws
    two batches, so that a run sees twice as many images as the others' do.
    """
    method = FactorVAEConfig(beta=35.0, likelihood="bernoulli", lr=1e-4)
    return FactorVAERecipe(method=method, data="dsprites", latents=10, train=DSPRITES_TRAINING)


def celeba_nashae() -> NashAERecipe:
    """NashAE on CelebA, as the paper's Table 3 and Figure 2 have it (λ = 0.2)."""
    return _faces_nashae("celeba")


def celeba_beta_vae() -> VAERecipe:
    """β-VAE on CelebA, as the paper's Table 3 has it (β = 100)."""
    return _faces_beta_vae("celeba")


def celeba_beta_tcvae() -> BetaTCVAERecipe:
    """β-TCVAE on CelebA, as the paper's Table 3 has it (β = 15)."""
    return _faces_beta_tcvae("celeba", CELEBA_IMAGES)


def celeba_factor_vae() -> FactorVAERecipe:
    """FactorVAE on CelebA, as the paper's Table 3 has it (β = 15)."""
    return _faces_factor_vae("celeba")


def synthetic_faces_nashae() -> NashAERecipe:
    """NashAE on synthetic faces, which are not CelebA (λ = 0.2)."""
    return _faces_nashae("synthetic-faces")


def synthetic_faces_beta_vae() -> VAERecipe:
    """β-VAE on synthetic faces, which are not CelebA (β = 100)."""
    return _faces_beta_vae("synthetic-faces")


def synthetic_faces_beta_tcvae() -> BetaTCVAERecipe:
    """β-TCVAE on synthetic faces, which are not CelebA (β = 15)."""
    return _faces_beta_tcvae("synthetic-faces", FACES)


def synthetic_faces_factor_vae() -> FactorVAERecipe:
    """FactorVAE on synthetic faces, which are not CelebA (β = 15)."""
    return _faces_factor_vae("synthetic-faces")


def _faces_nashae(data: DataName) -> NashAERecipe:
    method = NashAEConfig(lam=0.2)
    return NashAERecipe(method=method, data=data, latents=FACE_LATENTS, train=FACE_TRAINING)


def _faces_beta_vae(data: DataName) -> VAERecipe:
    method = VAEConfig(beta=100.0, lr=1e-3)
    return VAERecipe(method=method, data=data, latents=FACE_LATENTS, train=FACE_TRAINING)


def _faces_beta_tcvae(data: DataName, images: int) -> BetaTCVAERecipe:
    method = BetaTCVAEConfig(observations=images, beta=15.0, lr=1e-3)
    return BetaTCVAERecipe(method=method, data=data, latents=FACE_LATENTS, train=FACE_TRAINING)


def _faces_factor_vae(data: DataName) -> FactorVAERecipe:
    method = FactorVAEConfig(beta=15.0, lr=1e-4)
    return FactorVAERecipe(method=method, data=data, latents=FACE_LATENTS, train=FACE_TRAINING)


RECIPES: dict[str, Callable[[], AnyRecipe]] = {
    "beamsynthesis-nashae": beamsynthesis_nashae,
    "beamsynthesis-beta-vae": beamsynthesis_beta_vae,
    "beamsynthesis-beta-tcvae": beamsynthesis_beta_tcvae,
    "beamsynthesis-factor-vae": beamsynthesis_factor_vae,
    "beamsynthesis-dip-vae-i": beamsynthesis_dip_vae_i,
    "beamsynthesis-dip-vae-ii": beamsynthesis_dip_vae_ii,
    "beamsynthesis-annealed-vae": beamsynthesis_annealed_vae,
    "beamsynthesis-aae": beamsynthesis_aae,
    "beamsynthesis-info-gan": beamsynthesis_info_gan,
    "beamsynthesis-covariance": beamsynthesis_covariance,
    "dsprites-nashae": dsprites_nashae,
    "dsprites-beta-vae": dsprites_beta_vae,
    "dsprites-beta-tcvae": dsprites_beta_tcvae,
    "dsprites-factor-vae": dsprites_factor_vae,
    "celeba-nashae": celeba_nashae,
    "celeba-beta-vae": celeba_beta_vae,
    "celeba-beta-tcvae": celeba_beta_tcvae,
    "celeba-factor-vae": celeba_factor_vae,
    "synthetic-faces-nashae": synthetic_faces_nashae,
    "synthetic-faces-beta-vae": synthetic_faces_beta_vae,
    "synthetic-faces-beta-tcvae": synthetic_faces_beta_tcvae,
    "synthetic-faces-factor-vae": synthetic_faces_factor_vae,
}


def recipe_class(method_name: str) -> type[AnyRecipe]:
    """The class of the recipes of a method, to read one back."""
    for make in RECIPES.values():
        if make().method_name == method_name:
            return type(make())
    known = sorted({make().method_name for make in RECIPES.values()})
    raise ValueError(f"unknown method {method_name!r}; there are {known}")
