"""Photos of whispers: read as pictures, written anew, so that nothing but the picture is left."""

import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

FILE_MOST: Final = 8 * 1024 * 1024
SIDE_MOST: Final = 2048
# A small file may unfold into a picture that fills the memory. Phones take up to 108 million points, as a plain JPEG,
# which is made smaller as it is read; of any other kind every point is held, several times over.
PLAIN_POINTS_MOST: Final = 120_000_000
POINTS_MOST: Final = 25_000_000
SEALED_MOST: Final = 2_000_000
_QUALITIES: Final = (82, 70, 55, 40)


class NotAPhoto(Exception):
    """It is too large, unfolds into too much, or is no picture at all."""


def clean(data: bytes) -> bytes:
    """Write a photo anew as JPEG, at most 2,048 points a side, turned as it was held, without any metadata.

    Takes JPEG, PNG, WebP and GIF (its first picture). Raises NotAPhoto.
    """
    if len(data) > FILE_MOST:
        raise NotAPhoto
    # Here, for it is large: the service starts without what is needed now and then.
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow's own limit, at which it warns, lies between the two.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP", "GIF")) as picture:
                plainly = picture.format == "JPEG" and "progressive" not in picture.info
                if picture.width * picture.height > (PLAIN_POINTS_MOST if plainly else POINTS_MOST):
                    raise NotAPhoto
                picture.draft("RGB", (SIDE_MOST, SIDE_MOST))
                # Smaller first, for to turn it takes a copy.
                picture.thumbnail((SIDE_MOST, SIDE_MOST))
                upright = ImageOps.exif_transpose(picture)
                # A new picture of the points alone: what else the file held stays behind.
                plain = Image.new("RGB", upright.size, "white")
                shown = upright.convert("RGBA")
                plain.paste(shown, mask=shown.getchannel("A"))
                return _written(plain)
    except NotAPhoto:
        raise
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        MemoryError,
    ):
        raise NotAPhoto from None


def _written(picture: "Image.Image") -> bytes:
    for quality in _QUALITIES:
        out = BytesIO()
        picture.save(out, "JPEG", quality=quality)
        if out.tell() <= SEALED_MOST:
            return out.getvalue()
    raise NotAPhoto
