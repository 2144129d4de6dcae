//! Pictures of codes. WeChat draws round ones that only it can read; here it is an ordinary QR code of the path that the mini
//! program would be opened with.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use qrcode::bits::encode_auto;
use qrcode::canvas::{self, MaskPattern};
use qrcode::{Color, EcLevel, ec};

use super::jpeg::{self, Bits};

/// The widths that WeChat draws, in pixels, and the one without wishes.
const WIDTHS: std::ops::RangeInclusive<u64> = 280..=1280;
const WIDTH: u64 = 430;
/// Codes of more modules are masked in one way: to weigh all eight would take longer than all the rest, and in so many
/// modules no pattern stands out.
const LARGE: usize = 77;
/// The quiet zone around a code, in modules.
const MARGIN: usize = 4;

/// How a code is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    pub width: u64,
    pub colour: [u8; 3],
    /// On a transparent ground, which takes PNG; else white, and JPEG.
    pub is_transparent: bool,
}

impl Default for Look {
    fn default() -> Self {
        Look { width: WIDTH, colour: [0; 3], is_transparent: false }
    }
}

/// A drawn code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

impl Look {
    /// Wishes for a width; WeChat draws the nearest that it knows.
    pub fn with_width(self, width: u64) -> Self {
        Look { width: width.clamp(*WIDTHS.start(), *WIDTHS.end()), ..self }
    }
}

/// Draws a text; `None` when no QR code holds so much.
pub(super) fn draw(text: &str, look: &Look) -> Option<Picture> {
    let code = [EcLevel::M, EcLevel::L].into_iter().find_map(|level| Code::of(text, level))?;
    let canvas = Canvas::of(&code, usize::try_from(look.width).ok()?);
    let bytes = if look.is_transparent { canvas.png(look.colour) } else { canvas.jpeg(look.colour) };
    let content_type = if look.is_transparent { "image/png" } else { "image/jpeg" };
    Some(Picture { content_type, bytes: bytes? })
}

/// A QR code: a square of modules, row by row.
struct Code {
    width: usize,
    modules: Vec<Color>,
}

impl Code {
    fn of(text: &str, level: EcLevel) -> Option<Self> {
        let bits = encode_auto(text.as_bytes(), level).ok()?;
        let version = bits.version();
        let (data, correction) = ec::construct_codewords(&bits.into_bytes(), version, level).ok()?;
        let mut canvas = canvas::Canvas::new(version, level);
        canvas.draw_all_functional_patterns();
        canvas.draw_data(&data, &correction);
        let width = usize::try_from(version.width()).ok()?;
        if width > LARGE {
            canvas.apply_mask(MaskPattern::Meadow);
        } else {
            canvas = canvas.apply_best_mask();
        }
        Some(Code { width, modules: canvas.into_colors() })
    }
}

/// A square of pixels, dark or not: one bit for each, rows in whole bytes.
struct Canvas {
    width: usize,
    bits: Vec<u8>,
}

impl Canvas {
    /// Draws a code as large as whole pixels for each module allow, in the middle. A code that needs more room than
    /// was asked for gets it.
    fn of(code: &Code, width: usize) -> Self {
        let modules = code.width + 2 * MARGIN;
        let scale = (width / modules).max(2);
        let width = width.max(scale * modules);
        let edge = (width - scale * code.width) / 2;
        let stride = width.div_ceil(8);
        let mut bits = vec![0; stride * edge];
        for modules in code.modules.chunks(code.width) {
            let mut row = vec![0; stride];
            let dark = modules.iter().enumerate().filter(|(_, colour)| **colour == Color::Dark);
            let pixels = dark.flat_map(|(at, _)| edge + at * scale..edge + (at + 1) * scale);
            pixels.for_each(|pixel| row[pixel / 8] |= 0x80 >> (pixel % 8));
            bits.extend(row.repeat(scale));
        }
        bits.resize(stride * width, 0);
        Canvas { width, bits }
    }

    fn jpeg(&self, colour: [u8; 3]) -> Option<Vec<u8>> {
        let size = u16::try_from(self.width).ok()?;
        Some(jpeg::encode(&Bits { width: size, height: size, rows: &self.bits }, colour))
    }

    /// Two colours of a palette, the ground's without opacity.
    fn png(&self, colour: [u8; 3]) -> Option<Vec<u8>> {
        const DEPTH: u8 = 1;
        const PALETTE: u8 = 3;
        let size = u32::try_from(self.width).ok()?.to_be_bytes();
        let header = [size.as_slice(), &size, &[DEPTH, PALETTE, 0, 0, 0]].concat();
        let mut pixels = ZlibEncoder::new(Vec::new(), Compression::fast());
        for row in self.bits.chunks(self.width.div_ceil(8)) {
            // Each row begins with its filter: none.
            pixels.write_all(&[0]).ok()?;
            pixels.write_all(row).ok()?;
        }
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, data) in [
            (b"IHDR", header),
            (b"PLTE", [&[255; 3], colour.as_slice()].concat()),
            (b"tRNS", vec![0, 255]),
            (b"IDAT", pixels.finish().ok()?),
            (b"IEND", Vec::new()),
        ] {
            let content = [kind.as_slice(), &data].concat();
            bytes.extend(u32::try_from(data.len()).ok()?.to_be_bytes());
            bytes.extend(&content);
            bytes.extend(crc32fast::hash(&content).to_be_bytes());
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, look: &Look) -> Picture {
        draw(text, look).expect("drawn")
    }

    #[test]
    fn a_code_is_a_jpeg_and_on_no_ground_a_png() {
        let plain = drawn("pages/index/index?scene=a%3D1", &Look::default());
        assert_eq!((plain.content_type, &plain.bytes[..3]), ("image/jpeg", [0xff, 0xd8, 0xff].as_slice()));
        let look = Look { is_transparent: true, colour: [7, 8, 9], ..Look::default() };
        let transparent = drawn("pages/index/index", &look);
        assert_eq!(transparent.content_type, "image/png");
        assert_eq!(&transparent.bytes[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(transparent.bytes[16..20], 430u32.to_be_bytes());
    }

    #[test]
    fn a_width_is_the_nearest_that_wechat_draws() {
        for (asked, expected) in [(0, 280), (280, 280), (999, 999), (99_999, 1280)] {
            assert_eq!(Look::default().with_width(asked).width, expected);
        }
    }

    #[test]
    fn the_longest_path_still_fits() {
        assert!(draw(&"p".repeat(1024), &Look::default().with_width(280)).is_some());
        assert!(draw(&"页".repeat(900), &Look::default()).is_some());
        assert!(draw(&"页".repeat(1024), &Look::default()).is_none());
    }
}
