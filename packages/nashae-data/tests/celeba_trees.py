"""Small trees in the true formats of CelebA's copies, and what the paper makes of an image."""

import io
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

_NAMES = (
    "5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose "
    "Black_Hair Blond_Hair Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee "
    "Gray_Hair Heavy_Makeup High_Cheekbones Male Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard "
    "Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks Sideburns Smiling Straight_Hair "
    "Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace Wearing_Necktie "
    "Young"
)
NAMES = tuple(_NAMES.split())
LAYOUTS = ("official", "in-celeba", "drive", "kaggle", "zip")


def file_names(n: int) -> list[str]:
    return [f"{number:06d}.jpg" for number in range(1, n + 1)]


@cache
def photograph(number: int, width: int = 178, height: int = 218, kind: str = "JPEG") -> bytes:
    """A file with large and small structure in colour."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (7, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    grain = rng.integers(-30, 31, smooth.shape)
    return packed(np.clip(smooth + grain, 0, 255).astype(np.uint8), kind)


def packed(pixels: np.ndarray, kind: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def paper_image(data: bytes) -> np.ndarray:
    """Resize(96) and CenterCrop(64), as torchvision defines them, written out for PIL."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    width, height = 96, int(96 * image.height / image.width)
    small = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    top, left = int(round((height - 64) / 2.0)), int(round((width - 64) / 2.0))  # noqa: RUF046
    return small[top : top + 64, left : left + 64]


@cache
def paper_images(n: int) -> np.ndarray:
    return np.stack([paper_image(photograph(number)) for number in range(n)])


def attributes(n: int) -> np.ndarray:
    return np.random.default_rng(n).random((n, len(NAMES))) < 0.3


def partition(n: int) -> np.ndarray:
    return np.sort(np.arange(n) % 3)


def attribute_text(n: int) -> str:
    rows = [
        name + "".join("  1" if has else " -1" for has in row)
        for name, row in zip(file_names(n), attributes(n), strict=True)
    ]
    # With the space at the end of the second line that the official list has.
    return "\n".join([str(n), " ".join(NAMES) + " ", *rows, ""])


def partition_text(n: int) -> str:
    pairs = zip(file_names(n), partition(n), strict=True)
    return "".join(f"{name} {part}\n" for name, part in pairs)


def attribute_csv(n: int) -> str:
    rows = [
        ",".join([name, *("1" if has else "-1" for has in row)])
        for name, row in zip(file_names(n), attributes(n), strict=True)
    ]
    return "\n".join([",".join(["image_id", *NAMES]), *rows, ""])


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"img_align_celeba/{name}", content)


def write_tree(root: Path, n: int = 12, layout: str = "official") -> Path:
    """Write a tree of n images and return `root`."""
    base = root / "celeba" if layout == "in-celeba" else root
    anno, evaluation, img = (
        (base / "Anno", base / "Eval", base / "Img") if layout == "drive" else (base, base, base)
    )
    for folder in (anno, evaluation, img):
        folder.mkdir(parents=True, exist_ok=True)
    if layout == "kaggle":
        (anno / "list_attr_celeba.csv").write_text(attribute_csv(n))
        lines = partition_text(n).replace(" ", ",")
        (evaluation / "list_eval_partition.csv").write_text("image_id,partition\n" + lines)
    else:
        (anno / "list_attr_celeba.txt").write_text(attribute_text(n))
        (evaluation / "list_eval_partition.txt").write_text(partition_text(n))
    files = {name: photograph(number) for number, name in enumerate(file_names(n))}
    if layout in ("drive", "zip"):
        write_zip(img / "img_align_celeba.zip", files)
        return root
    folder = img / "img_align_celeba"
    folder = folder / folder.name if layout == "kaggle" else folder
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return root
