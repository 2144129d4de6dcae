//! Routes of HTTP access: which path calls which function. The manifest's, and those that clients made, which are kept in
//! the data folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::kept;
use crate::error::Result;
use crate::model::clock::{Ids, Millis};
use crate::model::name::route_path;
use crate::project::Project;
use crate::project::manifest::{self, Manifest};
use crate::text;

/// A path and the function it calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub id: String,
    /// Begins with a slash and does not end with one, unless it is all of the path.
    pub path: String,
    pub function: String,
    pub created: Millis,
}

/// The routes of one environment.
#[derive(Debug)]
pub struct Gateway {
    file: PathBuf,
    /// The folder of the manifest.
    root: PathBuf,
    ids: Ids,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    declared: Vec<Route>,
    /// When the manifest was written that `declared` was read from.
    read: Option<SystemTime>,
    made: Vec<Route>,
    /// Paths of the manifest that a client removed; they come back with the next start.
    removed: BTreeSet<String>,
}

impl Gateway {
    /// Reads the file; a missing file is an empty one.
    ///
    /// # Errors
    /// The file cannot be read or is not what this program writes.
    pub fn open(file: PathBuf, project: &Project, ids: Ids) -> Result<Self> {
        let made = kept::read(
            &file,
            text! {
                en: "the file holds only routes; remove it and deploy them again",
                zh: "该文件只保存路由；可删除后重新部署"
            },
        )?;
        let state = State {
            declared: declared(project.manifest.as_ref()),
            read: written(&project.root),
            made,
            removed: BTreeSet::new(),
        };
        Ok(Gateway { file, root: project.root.clone(), ids, state: Mutex::new(state) })
    }

    /// Returns all routes, the manifest's first.
    pub fn routes(&self) -> Vec<Route> {
        self.state().all().cloned().collect()
    }

    /// Returns the route of a request's path, and the path as the function sees it: without the route's.
    ///
    /// The longest route wins; one counts where it ends with a segment.
    pub fn find(&self, path: &str) -> Option<(Route, String)> {
        let state = self.state();
        let matching = state.all().filter_map(|route| Some((route, rest(&route.path, path)?)));
        let (route, rest) = matching.max_by_key(|(route, _)| route.path.len())?;
        Some((route.clone(), rest.to_owned()))
    }

    /// Makes a route. `None`: its path is taken.
    ///
    /// # Errors
    /// The route cannot be written down.
    pub fn add(&self, path: &str, function: &str, now: Millis) -> Result<Option<Route>> {
        let path = route_path(path);
        let mut state = self.state();
        if state.all().any(|route| route.path == path) {
            return Ok(None);
        }
        let route = Route { id: self.ids.request(), path, function: function.to_owned(), created: now };
        let made = state.made.iter().chain([&route]).cloned().collect();
        self.write(&mut state, made)?;
        Ok(Some(route))
    }

    /// Removes the routes that `is_meant` picks, and returns how many.
    ///
    /// # Errors
    /// It cannot be written down; nothing is removed then.
    pub fn remove(&self, is_meant: impl Fn(&Route) -> bool) -> Result<usize> {
        let mut state = self.state();
        let before = state.all().count();
        let made = state.made.iter().filter(|route| !is_meant(route)).cloned().collect();
        self.write(&mut state, made)?;
        let removed: Vec<String> =
            state.declared.iter().filter(|route| is_meant(route)).map(|route| route.path.clone()).collect();
        state.removed.extend(removed);
        Ok(before - state.all().count())
    }

    fn write(&self, state: &mut State, made: Vec<Route>) -> Result<()> {
        kept::write(&self.file, &made)?;
        state.made = made;
        Ok(())
    }

    /// Returns the state, with the manifest as it is saved now. One that cannot be read leaves the routes as they were:
    /// the functions' watcher tells what is wrong with it.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let saved = written(&self.root);
        if saved != state.read {
            state.read = saved;
            if let Ok(manifest) = Manifest::find(&self.root) {
                state.declared = declared(manifest.as_ref());
            }
        }
        state
    }
}

impl State {
    fn all(&self) -> impl Iterator<Item = &Route> {
        let declared = self.declared.iter().filter(|route| !self.removed.contains(&route.path));
        let is_declared = |path: &str| self.declared.iter().any(|route| route.path == path);
        declared.chain(self.made.iter().filter(move |route| !is_declared(&route.path)))
    }
}

fn declared(manifest: Option<&Manifest>) -> Vec<Route> {
    let routes = manifest.into_iter().flat_map(|manifest| &manifest.routes).flatten();
    routes
        .map(|route| Route {
            id: format!("manifest:{}", route.path),
            path: route.path.clone(),
            function: route.function.to_string(),
            created: 0,
        })
        .collect()
}

fn written(folder: &Path) -> Option<SystemTime> {
    std::fs::metadata(folder.join(manifest::FILE_NAME)).ok()?.modified().ok()
}

/// Returns what follows the route's path, beginning with a slash.
fn rest<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    if route == "/" {
        return Some(path);
    }
    match path.strip_prefix(route)? {
        "" => Some("/"),
        rest => rest.starts_with('/').then_some(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Options;

    fn gateway(folder: &Path) -> Gateway {
        let routes =
            "[gateway]\nroutes = [{ path = '/api/', function = 'api' }, { path = '/', function = 'home' }]\n";
        std::fs::write(folder.join(manifest::FILE_NAME), routes).expect("a manifest");
        let options = Options { directory: folder.to_owned(), ..Options::default() };
        let project = Project::load(&options).expect("a project");
        Gateway::open(folder.join("routes.json"), &project, Ids::counting(1)).expect("a gateway")
    }

    #[test]
    fn the_longest_route_wins_and_ends_with_a_segment() {
        let folder = tempfile::tempdir().expect("a folder");
        let gateway = gateway(folder.path());
        gateway.add("/api/v2", "next", 1).expect("written").expect("a new path");
        for (path, function, rest) in [
            ("/", "home", "/"),
            ("/about", "home", "/about"),
            ("/api", "api", "/"),
            ("/api/", "api", "/"),
            ("/api/a/b", "api", "/a/b"),
            ("/apis", "home", "/apis"),
            ("/api/v2/x", "next", "/x"),
            ("/api/v23", "api", "/v23"),
        ] {
            let (route, found) = gateway.find(path).expect("a route");
            assert_eq!((route.function.as_str(), found.as_str()), (function, rest), "{path}");
        }
    }

    #[test]
    fn what_clients_made_outlives_the_process_and_the_manifest_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = gateway(folder.path());
        assert_eq!(first.add("/api/", "other", 1).expect("no error"), None, "the path is taken");
        first.add("/mine", "mine", 1).expect("written").expect("a new path");
        assert_eq!(first.remove(|route| route.path == "/").expect("written"), 1);
        assert!(first.find("/elsewhere").is_none());

        let again = gateway(folder.path());
        let paths: Vec<String> = again.routes().into_iter().map(|route| route.path).collect();
        assert_eq!(paths, ["/api", "/", "/mine"]);
        std::fs::remove_file(folder.path().join(manifest::FILE_NAME)).expect("removed");
        assert_eq!(again.routes().len(), 1);
    }
}
