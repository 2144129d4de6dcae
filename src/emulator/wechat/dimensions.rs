//! What a picture is by its first bytes, and how large; its content is not looked at. See
//! `docs/wire.md#wechat-content-checks`.

/// Returns the width and the height of a PNG, a GIF or a JPEG, in pixels; `None` for anything else.
pub(super) fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    png(bytes).or_else(|| gif(bytes)).or_else(|| jpeg(bytes))
}

/// The header is the first chunk: its length and name, then the width and the height.
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..)?.strip_prefix(b"IHDR")?;
    let (width, rest) = header.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*rest.first_chunk()?)))
}

fn gif(bytes: &[u8]) -> Option<(u32, u32)> {
    let screen = bytes.strip_prefix(b"GIF87a").or_else(|| bytes.strip_prefix(b"GIF89a"))?;
    let (width, rest) = screen.split_first_chunk()?;
    Some((u16::from_le_bytes(*width).into(), u16::from_le_bytes(*rest.first_chunk()?).into()))
}

/// Segments, each with its length, up to the one that begins the frame.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        rest = rest.strip_prefix(b"\xff")?;
        let (&kind, segment) = rest.split_first()?;
        if kind == 0xff {
            // Any number of them may stand before a segment.
            continue;
        }
        // Of this group three are tables.
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            let (height, rest) = segment.get(3..)?.split_first_chunk()?;
            return Some((
                u16::from_be_bytes(*rest.first_chunk()?).into(),
                u16::from_be_bytes(*height).into(),
            ));
        }
        let length = u16::from_be_bytes(*segment.first_chunk()?);
        rest = segment.get(usize::from(length)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::picture::{self, Look};
    use super::*;

    #[test]
    fn a_picture_tells_its_kind_and_size() {
        let drawn = |is_transparent| {
            let look = Look { is_transparent, ..Look::default() }.with_width(300);
            picture::draw("a", &look).expect("a code").bytes
        };
        for (bytes, size) in [
            (drawn(true), Some((300, 300))),
            (drawn(false), Some((300, 300))),
            (b"GIF89a\x02\x00\x01\x01;".to_vec(), Some((2, 257))),
            (b"\xff\xd8\xff\xe0\x00\x03a\xff\xff\xc2\x00\x11\x08\x00\x02\x01\x00".to_vec(), Some((256, 2))),
            (b"\xff\xd8\xff\xe0\x00\x03a".to_vec(), None),
            (b"\xff\xd8\xff\xe0\x00\x00\xff\xd9".to_vec(), None),
            (b"\x89PNG\r\n\x1a\n".to_vec(), None),
            (b"GIF89a\x02".to_vec(), None),
            (b"a text".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(dimensions(&bytes), size, "{:?}", bytes.get(..8));
        }
    }
}
