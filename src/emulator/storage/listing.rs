//! Lists of files, page by page, with folders where a delimiter makes them.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use super::{Error, Object, Storage};

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub objects: Vec<Object>,
    /// With a delimiter: what the keys below begin with.
    pub prefixes: Vec<String>,
    /// Where the next page begins, when there is one.
    pub next: Option<String>,
}

/// Which objects to list.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    pub prefix: String,
    pub delimiter: String,
    /// Keys after this one.
    pub marker: String,
    pub limit: usize,
}

impl Storage {
    /// Lists files in the order of their keys.
    pub fn list(&self, listing: &Listing) -> Result<Page, Error> {
        let objects = self.objects()?.read().unwrap_or_else(PoisonError::into_inner);
        Ok(page(objects.values(), listing))
    }
}

pub(super) fn page<'a>(objects: impl Iterator<Item = &'a Object>, listing: &Listing) -> Page {
    let Listing { prefix, delimiter, marker, limit } = listing;
    let mut page = Page::default();
    let mut prefixes = BTreeSet::new();
    let mut last = "";
    for object in objects.filter(|object| object.key.starts_with(prefix) && object.key > *marker) {
        let below = object.key.get(prefix.len()..).unwrap_or_default();
        let folder = match delimiter.is_empty() {
            true => None,
            false => {
                below.find(delimiter).and_then(|at| object.key.get(..prefix.len() + at + delimiter.len()))
            }
        };
        // A folder that the marker stands in was told on the page before.
        if folder.is_some_and(|folder| prefixes.contains(folder) || marker.starts_with(folder)) {
            continue;
        }
        if page.objects.len() + prefixes.len() == *limit {
            page.next = Some(last.to_owned());
            break;
        }
        match folder {
            Some(folder) => {
                prefixes.insert(folder.to_owned());
                last = folder;
            }
            None => {
                page.objects.push(object.clone());
                last = &object.key;
            }
        }
    }
    page.prefixes = prefixes.into_iter().collect();
    page
}
