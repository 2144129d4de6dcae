//! Baseline JPEG of a picture in two colours. Few of its blocks differ, so each is transformed once: an encoder of photographs
//! looks at every pixel. See `docs/wire.md#wechat-codes`.

use std::collections::HashMap;
use std::f32::consts::PI;

/// The edge of a block, in pixels.
const EDGE: usize = 8;
/// The step of all frequencies: the ground and the colour come back as they were, give or take one.
const STEP: u8 = 16;
/// The code of zero: no difference of means, or no more frequencies of a block.
const ZERO: Code = Code { bits: 0, length: 1 };
/// Codes of the frequencies that are most frequent, and all others: of 6 and of 10 bits.
const FREQUENT: usize = 16;

/// Some bits; never more than 24.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Code {
    bits: u32,
    length: u32,
}

impl Code {
    fn then(self, next: Code) -> Code {
        Code { bits: self.bits << next.length | next.bits, length: self.length + next.length }
    }
}

/// Rows of one bit for each pixel, dark or not, each in whole bytes.
pub(super) struct Bits<'a> {
    pub width: u16,
    pub height: u16,
    pub rows: &'a [u8],
}

/// What a component of colour is on the ground, and how much more in the dark.
struct Component {
    ground: f32,
    change: f32,
}

/// A block as it is written, but for what depends on the block before.
#[derive(Clone)]
struct Block {
    mean: i32,
    rest: Vec<Code>,
}

/// Encodes a picture in one colour on white; in grey when the colour is.
pub(super) fn encode(picture: &Bits<'_>, colour: [u8; 3]) -> Vec<u8> {
    let components = components(colour);
    let codes = Frequencies::new();
    let mut bytes = header(picture, components.len() as u8, &codes);
    let mut scan = Scan { bytes: &mut bytes, waiting: 0, length: 0 };
    let encoder = Encoder { waves: Waves::new(), components, codes };
    let mut known = HashMap::new();
    let mut means = vec![0; encoder.components.len()];
    let stride = usize::from(picture.width).div_ceil(EDGE);
    for band in picture.rows.chunks(EDGE * stride) {
        for column in 0..stride {
            let mut pixels = [0; EDGE];
            let rows = band.iter().skip(column).step_by(stride);
            pixels.iter_mut().zip(rows).for_each(|(pixels, row)| *pixels = *row);
            let blocks = known.entry(pixels).or_insert_with(|| encoder.blocks(&pixels));
            for (block, mean) in blocks.iter().zip(&mut means) {
                scan.write(difference(block.mean - std::mem::replace(mean, block.mean)));
                block.rest.iter().for_each(|code| scan.write(*code));
            }
        }
    }
    scan.finish();
    bytes.extend([0xff, 0xd9]);
    bytes
}

fn components([red, green, blue]: [u8; 3]) -> Vec<Component> {
    let [r, g, b] = [red, green, blue].map(f32::from);
    let bright = 0.299 * r + 0.587 * g + 0.114 * b;
    let light = Component { ground: 127.0, change: bright - 255.0 };
    if red == green && green == blue {
        return vec![light];
    }
    let hue = |colour: f32, scale: f32| Component { ground: 0.0, change: (colour - bright) * scale };
    vec![light, hue(b, 0.5 / (1.0 - 0.114)), hue(r, 0.5 / (1.0 - 0.299))]
}

struct Encoder {
    waves: Waves,
    components: Vec<Component>,
    codes: Frequencies,
}

impl Encoder {
    /// Returns one block for each component; of eight rows of pixels.
    fn blocks(&self, pixels: &[u8; EDGE]) -> Vec<Block> {
        let dark = self.waves.transform(pixels);
        let step = f32::from(STEP);
        let block = |component: &Component| {
            let level = |dark: f32| (dark * component.change / step).round() as i32;
            let mean = (dark[0] * component.change + component.ground * EDGE as f32) / step;
            Block {
                mean: mean.round() as i32,
                rest: self.codes.rest(dark.iter().skip(1).map(|it| level(*it))),
            }
        };
        self.components.iter().map(block).collect()
    }
}

/// The cosine transform of eight pixels of each kind, by their bits.
struct Waves {
    basis: [[f32; EDGE]; EDGE],
    rows: Vec<[f32; EDGE]>,
}

impl Waves {
    fn new() -> Self {
        let basis = std::array::from_fn(|wave| {
            let scale = if wave == 0 { 0.125f32.sqrt() } else { 0.5 };
            std::array::from_fn(|at| scale * ((2 * at + 1) as f32 * wave as f32 * PI / 16.0).cos())
        });
        let is_dark = |row: u8, at: usize| row & (0x80 >> at) != 0;
        let transform = |row: u8| {
            basis.map(|wave: [f32; EDGE]| (0..EDGE).filter(|at| is_dark(row, *at)).map(|at| wave[at]).sum())
        };
        Waves { basis, rows: (0..=u8::MAX).map(transform).collect() }
    }

    /// Returns the transform of a block in the order in which it is written, slow waves first.
    fn transform(&self, pixels: &[u8; EDGE]) -> [f32; EDGE * EDGE] {
        let rows = pixels.map(|row| self.rows[usize::from(row)]);
        let across = self.basis.map(|wave| {
            let mut sums = [0.0; EDGE];
            for (row, weight) in rows.iter().zip(wave) {
                sums.iter_mut().zip(row).for_each(|(sum, it)| *sum += weight * it);
            }
            sums
        });
        ZIGZAG.map(|(down, right)| across[down][right])
    }
}

/// The places of a block in the order of their diagonals, each walked the other way.
const ZIGZAG: [(usize, usize); EDGE * EDGE] = zigzag();

const fn zigzag() -> [(usize, usize); EDGE * EDGE] {
    let (mut order, mut at, mut diagonal) = ([(0, 0); EDGE * EDGE], 0, 0);
    while diagonal < 2 * EDGE - 1 {
        let mut step = 0;
        while step <= diagonal {
            let (down, right) =
                if diagonal % 2 == 0 { (diagonal - step, step) } else { (step, diagonal - step) };
            if down < EDGE && right < EDGE {
                order[at] = (down, right);
                at += 1;
            }
            step += 1;
        }
        diagonal += 1;
    }
    order
}

/// The codes of frequencies: a byte holds how many zeros are before one, and how many bits it has.
struct Frequencies {
    /// The bytes that have codes, the shortest first, after that of zero.
    symbols: Vec<u8>,
    codes: [Code; 256],
}

/// Sixteen zeros.
const ZEROS: u8 = 0xf0;

impl Frequencies {
    fn new() -> Self {
        let mut symbols: Vec<u8> =
            (0..16).flat_map(|run| (1..=10).map(move |size| run << 4 | size)).collect();
        symbols.push(ZEROS);
        // Small numbers after few zeros are the most frequent.
        symbols.sort_by_key(|symbol| (symbol >> 4) + (symbol & 0xf));
        let mut codes = [Code::default(); 256];
        codes[0] = ZERO;
        for (at, symbol) in (0..).zip(&symbols) {
            codes[usize::from(*symbol)] = match at < FREQUENT as u32 {
                true => Code { bits: 0b10_0000 + at, length: 6 },
                false => Code { bits: 0b11_0000_0000 + at - FREQUENT as u32, length: 10 },
            };
        }
        Frequencies { symbols, codes }
    }

    /// Returns how many codes have each length from 1 to 16, and their bytes.
    fn table(&self) -> ([u8; 16], Vec<u8>) {
        let mut lengths = [0; 16];
        (lengths[0], lengths[5], lengths[9]) = (1, FREQUENT as u8, (self.symbols.len() - FREQUENT) as u8);
        (lengths, [&[0], self.symbols.as_slice()].concat())
    }

    /// Writes the frequencies of a block but for the first.
    fn rest(&self, levels: impl Iterator<Item = i32>) -> Vec<Code> {
        let (mut codes, mut zeros) = (Vec::new(), 0u8);
        for level in levels {
            if level == 0 {
                zeros += 1;
                continue;
            }
            codes.extend((0..zeros / 16).map(|_| self.codes[usize::from(ZEROS)]));
            let value = value(level);
            codes.push(self.codes[usize::from((zeros % 16) << 4 | value.length as u8)].then(value));
            zeros = 0;
        }
        if zeros > 0 {
            codes.push(ZERO);
        }
        codes
    }
}

/// Returns a number as JPEG writes it after its length: a negative one less one, without its sign.
fn value(number: i32) -> Code {
    let length = i32::BITS - number.unsigned_abs().leading_zeros();
    let bits = if number < 0 { number - 1 } else { number } as u32 & ((1 << length) - 1);
    Code { bits, length }
}

/// Returns the code of how much a block's mean differs from the one before: its length in 5 bits, and the number.
fn difference(number: i32) -> Code {
    match number {
        0 => ZERO,
        _ => {
            let value = value(number);
            Code { bits: 0b1_0000 + value.length - 1, length: 5 }.then(value)
        }
    }
}

fn header(picture: &Bits<'_>, components: u8, codes: &Frequencies) -> Vec<u8> {
    let [size, width] = [picture.height, picture.width].map(u16::to_be_bytes);
    let each = |describe: fn(u8) -> Vec<u8>| (1..=components).flat_map(describe).collect::<Vec<u8>>();
    // Of means: zero, and as many as there are lengths of a number.
    let mut means = [0; 16];
    (means[0], means[4]) = (1, 11);
    let (lengths, symbols) = codes.table();
    let mut bytes = vec![0xff, 0xd8];
    for (kind, content) in [
        (0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec()),
        (0xdb, [[0].as_slice(), &[STEP; EDGE * EDGE]].concat()),
        (0xc0, [&[8], size.as_slice(), &width, &[components], &each(|id| vec![id, 0x11, 0])].concat()),
        (0xc4, [[0].as_slice(), &means, &(0..=11).collect::<Vec<u8>>()].concat()),
        (0xc4, [[0x10].as_slice(), &lengths, &symbols].concat()),
        (0xda, [[components].as_slice(), &each(|id| vec![id, 0]), &[0, 63, 0]].concat()),
    ] {
        bytes.extend([0xff, kind]);
        bytes.extend((content.len() as u16 + 2).to_be_bytes());
        bytes.extend(content);
    }
    bytes
}

/// Bits in whole bytes.
struct Scan<'a> {
    bytes: &'a mut Vec<u8>,
    waiting: u64,
    length: u32,
}

impl Scan<'_> {
    fn write(&mut self, code: Code) {
        self.waiting = self.waiting << code.length | u64::from(code.bits);
        self.length += code.length;
        while self.length >= u8::BITS {
            self.length -= u8::BITS;
            let byte = (self.waiting >> self.length) as u8;
            self.bytes.push(byte);
            // What looks like a marker is none when a zero follows.
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    /// Fills the last byte with ones.
    fn finish(mut self) {
        self.write(Code { bits: 0x7f, length: 7 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_its_length_and_its_bits() {
        for (number, bits, length) in
            [(1, 1, 1), (-1, 0, 1), (2, 0b10, 2), (-3, 0b00, 2), (64, 64, 7), (-64, 63, 7)]
        {
            assert_eq!(value(number), Code { bits, length }, "{number}");
        }
        assert_eq!(difference(0), ZERO);
        assert_eq!(difference(-1), Code { bits: 0b10_0000, length: 6 });
    }

    #[test]
    fn waves_are_written_from_slow_to_fast() {
        assert_eq!(ZIGZAG[..6], [(0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2)]);
        assert_eq!(ZIGZAG[EDGE * EDGE - 1], (7, 7));
        let dark = Waves::new().transform(&[0xff; EDGE]);
        assert!((dark[0] - 8.0).abs() < 1e-4 && dark.iter().skip(1).all(|it| it.abs() < 1e-4), "{dark:?}");
    }

    #[test]
    fn a_block_ends_early_and_counts_its_zeros() {
        let codes = Frequencies::new();
        let one = |symbol: u8| codes.codes[usize::from(symbol)].then(Code { bits: 1, length: 1 });
        let at = |place: usize| (1..64).map(move |it| i32::from(it == place));
        assert_eq!(codes.rest(at(0)), [ZERO]);
        assert_eq!(codes.rest(at(1)), [one(0x01), ZERO]);
        assert_eq!(codes.rest(at(18)), [codes.codes[0xf0], one(0x11), ZERO]);
        assert_eq!(codes.rest(at(63)).last(), Some(&one(0xe1)));
    }
}
