//! Byte-comparable index keys: `cmp(a, b) == encode(a).cmp(encode(b))`.
