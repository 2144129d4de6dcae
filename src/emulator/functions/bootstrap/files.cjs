// Which files are loaded.

// Where the names of imported files arrive.
let imported;

// The files that are loaded: when one changes, this process is out of date. Shared code is among them wherever it lies:
// Node knows what a link leads to. Written with nothing that the function can have changed when it was loaded.
function loadedFiles(entry) {
  const seen = { __proto__: null };
  const files = [];
  const add = (file) => {
    if (seen[file] || startsWith(file, __dirname) || files.length === MOST_FILES) return;
    seen[file] = true;
    files[files.length] = file;
  };
  const addAll = (list) => {
    for (let at = 0; at < list.length; at++) add(list[at]);
  };
  add(entry);
  addAll(keys(require.cache));
  if (scripts) addAll(keys(scripts));
  addAll(importedFiles());
  return listed(files);
}

// Returns the files that were imported since it was last asked.
function importedFiles() {
  const files = [];
  const { receiveMessageOnPort } = imported ? require('worker_threads') : {};
  for (let told; imported && (told = receiveMessageOnPort(imported)); ) files[files.length] = told.message;
  return files;
}

// Tells of files that are loaded only when they are needed.
function tellLaterFiles() {
  const tell = (file) => startsWith(file, __dirname) || send('D', 0, listed([file]));
  const { load } = Module.prototype;
  Module.prototype.load = function (file) {
    tell(file);
    return load.apply(this, arguments);
  };
  imported?.on('message', tell);
  imported?.unref();
}
