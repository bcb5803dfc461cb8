"""The standard fonts of PDF, in which much of the world's paper is set: Helvetica, Times and Courier.

PDFium, which reads PDF files here, brings fonts of its own in their place. They are the same on every system.
"""

from __future__ import annotations

import ctypes

import numpy as np

from digits.preprocessing.ink import Ink

PDF_FONTS = (
    *("Helvetica", "Helvetica-Bold", "Helvetica-Oblique", "Helvetica-BoldOblique"),
    *("Times-Roman", "Times-Bold", "Times-Italic", "Times-BoldItalic"),
    *("Courier", "Courier-Bold", "Courier-Oblique", "Courier-BoldOblique"),
)


def draw_pdf_font(
    name: str, characters: str, em: int, height: int, base_line: int
) -> tuple[dict[str, Ink], dict[str, int]]:
    """Draw characters of a font, each into a picture of its own.

    Parameters
    ----------
    name
        One of `PDF_FONTS`.
    characters
        ASCII, whose codes are the same in all of these fonts.
    em
        Size of the font in pixels. Pictures are twice as wide.
    height, base_line
        Of the pictures, and of the line that characters stand on below their upper edge, in pixels.

    Returns
    -------
    pictures, advances
        By character: its ink, and how far from it the next one stands, in pixels.
    """
    # here, since those who only read need no fonts
    import pypdfium2
    from pypdfium2 import raw

    wide, pitch = 2 * em, 3 * em  # italics begin left of their place, where nothing is seen
    document = pypdfium2.PdfDocument.new()
    page = document.new_page(pitch * len(characters), height)
    font = raw.FPDFText_LoadStandardFont(document.raw, name.encode())
    advances = {}
    for place, character in enumerate(characters):
        text = raw.FPDFPageObj_CreateTextObj(document.raw, font, em)
        content = ctypes.create_string_buffer(character.encode("utf-16-le") + b"\0\0")
        raw.FPDFText_SetText(text, ctypes.cast(content, raw.FPDF_WIDESTRING))
        raw.FPDFPageObj_SetMatrix(text, raw.FS_MATRIX(1, 0, 0, 1, pitch * place, height - base_line))
        raw.FPDFPage_InsertObject(page.raw, text)  # which owns it from now on
        width = ctypes.c_float()
        raw.FPDFFont_GetGlyphWidth(font, ord(character), em, width)
        advances[character] = round(width.value)
    page.gen_content()
    drawn = 255 - page.render(grayscale=True).to_numpy()
    raw.FPDFFont_Close(font)
    document.close()
    cells = np.split(drawn, len(characters), axis=1)
    return {each: cell[:, :wide] for each, cell in zip(characters, cells, strict=True)}, advances
