"""Any file gives an upright 8-bit picture, or an error that says why not."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import PIL
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from digits.errors import DataError
from digits.preprocessing.decoding import as_picture, decode

HEIGHT, WIDTH = 48, 64


def drawing(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Grey, with a patch in one corner, so that every orientation looks different."""
    across, down = np.linspace(0, 60, width), np.linspace(0, 40, height)
    picture = np.rint(150 - across - down[:, None]).astype(np.uint8)
    picture[height // 8 : height // 2, width // 8 : width // 4] = 250
    return picture


def in_colour() -> np.ndarray:
    grey = drawing()
    return np.stack([grey, grey // 2, 255 - grey], axis=2)


def opaque_where(colour: tuple[int, ...]) -> Image.Image:
    """A line of one colour on a canvas that is transparent."""
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    cv2.line(pixels, (10, 10), (50, 40), (*colour, 255), 5)
    return Image.fromarray(pixels)


def file_of(image: Image.Image | np.ndarray, format: str = "PNG", **settings: object) -> bytes:  # noqa: A002
    if format == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    content = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(content, format, **settings)
    return content.getvalue()


def apart(one: np.ndarray, other: np.ndarray) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


def png(*chunks: tuple[bytes, bytes], width: int = 8, height: int = 8) -> bytes:
    """A PNG by hand: grey, with the chunks between its header and its end."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


PIXELS = (b"IDAT", zlib.compress((b"\0" + b"\x80" * 8) * 8))


@pytest.mark.parametrize(
    ("format", "settings", "near"),
    [
        ("PNG", {}, 0),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("PPM", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("JPEG", {"quality": 95, "subsampling": 0}, 3),
        ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}, 3),
        ("HEIF", {"quality": 95}, 4),
        ("AVIF", {"quality": 95}, 4),
        ("GIF", {}, 20),
    ],
)
def test_every_format(format: str, settings: dict[str, object], near: float) -> None:  # noqa: A002
    decoded = decode(file_of(in_colour(), format, **settings), "photo")
    assert decoded.picture.dtype == np.uint8
    assert decoded.size == (WIDTH, HEIGHT)
    assert apart(decoded.picture, in_colour()) <= near


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "JPEG", "GIF"])
def test_grey_stays_grey(format: str) -> None:  # noqa: A002
    decoded = decode(file_of(drawing(), format), "photo")
    assert decoded.picture.ndim == 2
    assert apart(decoded.picture, drawing()) < 2


@pytest.mark.parametrize(
    ("mode", "format", "near"),
    [
        ("1", "PNG", 0),
        ("L", "PNG", 0),
        ("LA", "PNG", 0),
        ("P", "PNG", 0),
        ("PA", "TIFF", 0),
        ("RGB", "PNG", 0),
        ("RGBA", "PNG", 0),
        ("CMYK", "TIFF", 0),
        ("CMYK", "JPEG", 6),
        pytest.param(
            *("YCbCr", "TIFF", 6),
            marks=pytest.mark.skipif(PIL.__version__ < "13", reason="fails in older Pillow"),
        ),
        ("LAB", "TIFF", 6),
    ],
)
def test_every_mode(mode: str, format: str, near: float) -> None:  # noqa: A002
    shown = Image.fromarray(in_colour())
    if mode == "LAB":
        from PIL import ImageCms

        pair = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        stored = ImageCms.profileToProfile(shown, *pair, outputMode="LAB")
        assert stored is not None
    elif mode == "PA":
        stored = shown.convert("P").convert("PA")
    else:
        stored = shown.convert(mode)
    grey = mode in ("1", "L", "LA")
    expected = np.asarray((shown if mode == "LAB" else stored).convert("L" if grey else "RGB"))
    picture = decode(file_of(stored, format), "photo").picture
    assert apart(picture.squeeze(), expected) <= near


def test_sixteen_bits_are_scaled_by_their_range() -> None:
    grey = drawing().astype(np.uint16)
    whole = grey * 257
    whole[0, 0] = 65535
    twelve = grey * 16
    twelve[0, 0] = 4095
    for values in (whole, twelve, whole.astype(np.int32)):
        picture = decode(file_of(values, "TIFF"), "photo").picture
        assert picture[0, 0] == 255
        assert apart(picture[1:], drawing()[1:]) < 1
    big = Image.frombytes("I;16B", (WIDTH, HEIGHT), whole.astype(">u2").tobytes())
    assert apart(decode(file_of(big, "TIFF"), "photo").picture[1:], drawing()[1:]) < 1
    assert apart(decode(file_of(whole), "photo").picture[1:], drawing()[1:]) < 1
    pgm = b"P5 %d %d 65535\n" % (WIDTH, HEIGHT) + whole.astype(">u2").tobytes()
    assert apart(decode(pgm, "photo").picture[1:], drawing()[1:]) < 1


def test_labels_and_negative_numbers_are_stretched() -> None:
    labels = np.zeros((HEIGHT, WIDTH), np.int32)
    labels[10:20, 10:20] = 2
    assert set(np.unique(decode(file_of(labels, "TIFF"), "photo").picture)) == {0, 255}
    assert set(np.unique(as_picture(labels.astype(np.int64) - 1))) == {0, 255}


def test_floats_are_scaled_and_nan_becomes_ground() -> None:
    values = drawing().astype(np.float32) / 255
    assert apart(decode(file_of(values, "TIFF"), "photo").picture, drawing()) == 0
    values[5, 5], values[6, 6], values[7, 7] = np.nan, np.inf, -np.inf
    picture = decode(file_of(values, "TIFF"), "photo").picture
    middle = np.median(drawing())
    assert np.abs(picture[[5, 6, 7], [5, 6, 7]] - middle).max() <= 1
    away = np.ones_like(picture, bool)
    away[[5, 6, 7], [5, 6, 7]] = False
    assert apart(picture[away], drawing()[away]) == 0


@pytest.mark.parametrize(
    ("colour", "ground"), [((0, 0, 0), 255), ((200, 0, 0), 255), ((255, 255, 255), 0), ((255, 255, 0), 0)]
)
@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_white_or_black_under_a_light_pen(
    colour: tuple[int, ...],
    ground: int,
    format: str,  # noqa: A002
) -> None:
    settings = {"lossless": True} if format == "WEBP" else {}
    picture = decode(file_of(opaque_where(colour), format, **settings), "drawing").picture
    assert (picture[0, 0] == ground).all()
    assert (picture[25, 30] == colour).all()


def test_transparency_of_palettes_and_single_colours() -> None:
    pixels = np.full((HEIGHT, WIDTH), 9, np.uint8)
    pixels[10:30, 10:30] = 40
    by_number = decode(file_of(Image.fromarray(pixels), transparency=9), "drawing").picture
    assert by_number[0, 0] == 255
    assert by_number[20, 20] == 40
    painted = Image.fromarray(pixels)
    painted.putpalette([value for level in range(256) for value in (level, 0, level // 2)])
    picture = decode(file_of(painted, "GIF", transparency=9), "drawing").picture
    assert picture[0, 0].tolist() == [255, 255, 255]
    assert picture[20, 20].tolist() == [40, 0, 20]


def test_a_light_page_cut_out_is_on_white() -> None:
    page = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    page[8:40, 8:56] = (235, 235, 230, 255)
    page[20:24, 20:30] = (30, 30, 60, 255)
    assert (decode(file_of(page), "page").picture[0, 0] == 255).all()


def test_invisible_colours_have_no_weight_in_a_shrunk_picture() -> None:
    pixels = np.zeros((400, 400, 4), np.uint8)
    pixels[..., :3] = (255, 0, 0)
    pixels[::2, :, :] = (0, 0, 0, 255)
    picture = decode(file_of(pixels), "drawing", max_side=100).picture
    assert apart(picture, np.full((100, 100, 3), 128)) <= 1


def test_fully_transparent_pictures_are_blank_pages() -> None:
    clear = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    assert (decode(file_of(clear), "canvas").picture == 255).all()
    assert (decode(file_of(np.full((HEIGHT, WIDTH), 255, np.uint8)), "page").picture == 255).all()
    assert (as_picture(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)) == 90).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_pictures_are_upright(orientation: int, format: str) -> None:  # noqa: A002
    upright = drawing()
    transposed = upright.T if orientation >= 5 else upright
    stored = {
        1: transposed,
        2: transposed[:, ::-1],
        3: transposed[::-1, ::-1],
        4: transposed[::-1],
        5: transposed,
        6: transposed[::-1],
        7: transposed[::-1, ::-1],
        8: transposed[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    # as bytes: only then does the HEIC writer store the orientation its readers use
    decoded = decode(file_of(np.ascontiguousarray(stored), format, exif=exif.tobytes()), "photo")
    assert decoded.size == (WIDTH, HEIGHT)
    picture = decoded.picture if decoded.picture.ndim == 2 else decoded.picture[..., 1]
    assert apart(picture, upright) < 6


def test_damaged_exif_is_ignored() -> None:
    content = file_of(drawing(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert apart(decode(content, "photo").picture, drawing()) < 3


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
@pytest.mark.parametrize(("width", "height"), [(1200, 900), (1007, 333), (333, 1007), (640, 480)])
def test_large_pictures_are_shrunk_and_keep_their_size(format: str, width: int, height: int) -> None:  # noqa: A002
    whole = cv2.GaussianBlur(drawing(height, width), (0, 0), 3)
    decoded = decode(file_of(whole, format), "photo", max_side=300)
    assert decoded.size == (width, height)
    assert 0.95 * 300 <= max(decoded.picture.shape) <= 300
    high, wide = decoded.picture.shape
    assert abs(wide / high - width / height) < 0.02 * width / height
    assert apart(decoded.picture, cv2.resize(whole, (wide, high), interpolation=cv2.INTER_AREA)) < 2


def test_a_shrunk_photo_on_its_side_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode(file_of(drawing(900, 1200), "JPEG", exif=exif), "photo", max_side=300)
    assert decoded.size == (900, 1200)
    assert decoded.picture.shape == (300, 225)


def test_of_a_phones_two_pictures_the_first_is_read() -> None:
    pair = file_of(drawing(), "MPO", save_all=True, append_images=[Image.fromarray(255 - drawing())])
    assert Image.open(io.BytesIO(pair)).format == "MPO"
    assert apart(decode(pair, "photo").picture, drawing()) < 3
    assert decode(pair, "photo", max_side=32).picture.shape == (24, 32)


def test_of_several_heic_pictures_the_main_one_is_read() -> None:
    several = file_of(
        255 - drawing(), "HEIF", save_all=True, append_images=[Image.fromarray(drawing())], primary_index=1
    )
    assert apart(decode(several, "photo").picture.reshape(HEIGHT, WIDTH, -1)[..., 0], drawing()) < 6


def frames(format: str) -> bytes:  # noqa: A002
    return file_of(drawing(), format, save_all=True, append_images=[Image.fromarray(255 - drawing())])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: b"", "photo is empty"),
        (
            lambda: b"{\\rtf1 and so on}",
            "photo is not in a known picture format.*PNG, JPEG, WebP.*PGM.*HEIC",
        ),
        (lambda: b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "photo is not in a known picture format"),
        (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "photo is not in a known picture format"),
        (lambda: png()[:20], "photo is damaged"),
        (lambda: file_of(drawing(), "JPEG")[:-200], "photo is damaged"),
        (lambda: png(width=30000, height=30000), "photo has .*900.*at most 120"),
        (lambda: png(PIXELS, width=12000, height=11000), "photo has .*132.*at most 120"),
        (lambda: file_of(np.zeros((1, 1), np.uint8)), "photo .*1.?×.?1 pixels.* too small to hold a digit"),
        (lambda: file_of(np.zeros((3, 90), np.uint8)), "photo .* too small to hold a digit"),
        (lambda: file_of(np.full((4, 161), 9, np.uint8)), "photo .*161.?×.?4 .*into shorter pieces"),
        (lambda: frames("GIF"), "photo .*picture of its own"),
        (lambda: b"%PDF-1.7 and so on", "photo is damaged: export it or download it again$"),
        (lambda: frames("TIFF"), "photo has 2 pages: name the one to read$"),
        (lambda: frames("WEBP"), "photo .*picture of its own"),
        (lambda: frames("PNG"), "photo .*picture of its own"),
        (lambda: frames("AVIF"), "photo .*picture of its own"),
        (lambda: file_of(np.full((HEIGHT, WIDTH), np.nan, np.float32), "TIFF"), "photo holds no finite number"),
    ],
)
def test_each_fault_is_named(content: Callable[[], bytes], message: str) -> None:
    with pytest.raises(DataError, match=f"^{message}") as caught:
        decode(content(), "photo")
    assert "\n" not in str(caught.value)


def test_a_picture_too_large_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    content = file_of(drawing(), "BMP")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", full)
    with pytest.raises(DataError, match=r"^photo .*memory"):
        decode(content, "photo")


def test_an_interrupt_is_not_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    content = file_of(drawing(), "BMP")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", interrupt)
    with pytest.raises(KeyboardInterrupt):
        decode(content, "photo")


SMALL = {
    "PNG": lambda: file_of(drawing(12, 16)),
    "JPEG": lambda: file_of(drawing(12, 16), "JPEG"),
    "GIF": lambda: file_of(drawing(12, 16), "GIF"),
    "TIFF": lambda: file_of(drawing(12, 16), "TIFF", compression="tiff_lzw"),
    "plain TIFF": lambda: file_of(drawing(12, 16), "TIFF"),
    "WEBP": lambda: file_of(in_colour(), "WEBP", lossless=True),
    "BMP": lambda: file_of(drawing(12, 16), "BMP"),
    "PPM": lambda: file_of(drawing(12, 16), "PPM"),
    "HEIF": lambda: file_of(drawing(32, 32), "HEIF"),
    "AVIF": lambda: file_of(drawing(32, 32), "AVIF"),
}


@pytest.mark.parametrize("kind", SMALL)
def test_a_truncated_file_never_gives_part_of_its_picture(kind: str) -> None:
    content = SMALL[kind]()
    whole = decode(content, "photo").picture
    for length in range(1, len(content), max(len(content) // 60, 1)):
        try:
            picture = decode(content[:length], "photo").picture
        except DataError:
            continue
        # only data after the pixels may be missing
        assert np.array_equal(picture, whole), length


@pytest.mark.parametrize("kind", SMALL)
def test_damaged_files_are_read_or_refused(kind: str) -> None:
    content = SMALL[kind]()

    @given(st.lists(st.tuples(st.integers(0, len(content) - 1), st.binary(max_size=4)), min_size=1, max_size=6))
    def mutated(changes: list[tuple[int, bytes]]) -> None:
        spoilt = bytearray(content)
        for place, new in changes:
            spoilt[place : place + len(new)] = new
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                decoded = decode(bytes(spoilt), "photo")
            except DataError:
                return
        assert decoded.picture.dtype == np.uint8
        assert max(decoded.picture.shape) <= 2048

    mutated()


BOMBS = {
    "size": lambda: png(PIXELS, width=30000, height=30000),
    "text": lambda: png(*[(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**26), 9))] * 8, PIXELS),
    "profile": lambda: png((b"iCCP", b"a\0\0" + zlib.compress(bytes(2**28), 9)), PIXELS),
    "pixels": lambda: png((b"IDAT", zlib.compress(bytes(2**28), 9))),
    "webp": lambda: b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<II", 10, 2) + b"\xff\xff\0\xff\xff\0",
    "gif": lambda: b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08\0;",
    "pgm": lambda: b"P5 99999999 99999999 255\n",
}


@pytest.mark.slow
def test_bombs_take_little_memory_and_print_nothing(tmp_path: object) -> None:
    script = (
        "import pathlib, resource, sys\n"
        "from digits.preprocessing.decoding import decode\n"
        "from digits.errors import DataError\n"
        "import PIL.Image; PIL.Image.init()\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "before = peak()\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    try: decode(path.read_bytes(), path.name); print(path.name, 'read', peak() - before)\n"
        "    except DataError as error: print(path.name, 'refused', peak() - before)\n"
    )
    for name, content in BOMBS.items():
        (tmp_path / name).write_bytes(content())  # type: ignore[operator]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    grown = {line.split()[0]: int(line.split()[2]) for line in done.stdout.splitlines()}
    assert grown.keys() == BOMBS.keys()
    # eight texts of 64 MB would be 512; Pillow may keep 64 of them
    assert max(grown.values()) < 160, grown


def test_pillow_is_loaded_only_with_a_file() -> None:
    script = "import sys, digits.preprocessing.decoding; print([m for m in ('PIL', 'pillow_heif') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (drawing(), drawing()),
        (drawing()[..., None], drawing()),
        (in_colour(), in_colour()),
        (in_colour()[::-1, ::-1], in_colour()[::-1, ::-1]),
        (in_colour().astype(np.int64), in_colour()),
        (in_colour() / 255, in_colour()),
        (drawing().astype(np.float16), drawing()),
        (drawing() > 120, (drawing() > 120) * np.uint8(255)),
        (np.asarray(opaque_where((0, 0, 0))), 255 - np.asarray(opaque_where((255, 255, 255)))[..., :3]),
        (np.asarray(opaque_where((0, 0, 0))) / 255, 255 - np.asarray(opaque_where((255, 255, 255)))[..., :3]),
    ],
)
def test_arrays_become_pictures(array: np.ndarray, expected: np.ndarray) -> None:
    picture = as_picture(array)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert np.array_equal(picture, expected)


def test_an_array_and_a_file_of_it_are_the_same_picture() -> None:
    for values in (drawing(), in_colour(), drawing().astype(np.float32) / 255, drawing().astype(np.uint16) * 256):
        assert np.array_equal(as_picture(values), decode(file_of(values, "TIFF"), "photo").picture)


@pytest.mark.parametrize("values", [[1e308, -1e308], [5e-324, -5e-324], [np.nan, -1.0], [1e300, 2.0]])
def test_extreme_numbers_cause_no_warning(values: list[float]) -> None:
    picture = as_picture(np.resize(np.array(values), (8, 8)))
    assert picture.max() == 255


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(9), r"must be \[height, width\].* it is \[9\]"),
        (np.zeros((9, 9, 2), np.uint8), r"must be .* it is \[9, 9, 2\]"),
        (np.zeros((1, 9, 9, 3), np.uint8), r"must be .* it is \[1, 9, 9, 3\]"),
        (np.full((9, 9), "a"), "must hold whole numbers, floats or bools; it holds <U1"),
        (np.full((9, 9), 1j), "must hold whole numbers, floats or bools; it holds complex128"),
        (np.full((9, 9), np.nan), "holds no finite number"),
        (np.zeros((0, 9), np.uint8), "is 9×0 pixels, too small to hold a digit"),
        (np.ones((5, 500)), "is a strip of 500×5 pixels: cut it into shorter pieces"),
        (np.broadcast_to(np.uint8(9), (12000, 12000)), "has 144 megapixels; at most 120"),
    ],
)
def test_other_arrays_are_refused_with_the_reason(array: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=f"^the array {message}"):
        as_picture(array)
