//! The house keeps its order: imports point one way, no files import each other in a circle, and what is said to be pure,
//! BPF's alone or the host's alone is so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, UseTree};

/// A source file of the library, as a module.
struct Module {
    /// `["model", "event", "flow"]`
    path: Vec<String>,
    /// Every path that its code mentions, tests left out: `["crate", "model", "Label"]`, `["std", "fs"]`.
    mentions: Vec<Vec<String>>,
    /// Names that it re-exports from its children or siblings, and where they come from.
    re_exports: BTreeMap<String, Vec<String>>,
}

impl Module {
    fn name(&self) -> String {
        self.path.join("::")
    }

    fn layer(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }
}

/// All modules of the library by path, the root left out.
fn modules() -> BTreeMap<Vec<String>, Module> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    let mut modules = BTreeMap::new();
    for file in files {
        let relative = file.strip_prefix(&source).expect("it was found below that").with_extension("");
        let mut path: Vec<String> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        path.retain(|part| part != "mod");
        // The two programs' roots and what belongs to them alone, and tests in files of their own.
        if matches!(path[0].as_str(), "lib" | "main" | "logger") || path.iter().any(|part| part == "tests") {
            continue;
        }
        let mut code = Code::default();
        code.visit_file(&parse(&file));
        let re_exports: BTreeMap<_, _> = code
            .re_exports
            .iter()
            .map(|mention| (mention.last().cloned().unwrap_or_default(), resolve_relative(&path, mention)))
            .collect();
        let mentions = code.mentions.iter().map(|mention| match re_exports.get(&mention[0]) {
            Some(source) => source.clone(),
            None if code.children.contains(&mention[0]) => [&["crate".to_owned()], &path[..], mention].concat(),
            None => resolve_relative(&path, mention),
        });
        let mentions = mentions.collect();
        modules.insert(path.clone(), Module { path, mentions, re_exports });
    }
    assert!(modules.len() > 50, "the sources are where they are looked for");
    modules
}

fn parse(file: &Path) -> syn::File {
    let text = fs::read_to_string(file).expect("the sources are there");
    syn::parse_file(&text).expect("the sources compile")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("the sources are there").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// `self::` and `super::` as `crate::`.
fn resolve_relative(module: &[String], mention: &[String]) -> Vec<String> {
    let ups = mention.iter().take_while(|part| *part == "super").count();
    let is_relative = ups > 0 || mention[0] == "self";
    if !is_relative || ups > module.len() {
        return mention.to_vec();
    }
    let rest = &mention[ups.max(1)..];
    let base = &module[..module.len() - ups];
    [&["crate".to_owned()], base, rest].concat()
}

/// What a file mentions and re-exports.
#[derive(Default)]
struct Code {
    mentions: Vec<Vec<String>>,
    re_exports: Vec<Vec<String>>,
    children: BTreeSet<String>,
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|argument| argument == "test")
    })
}

impl<'ast> Visit<'ast> for Code {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(module) if is_test(&module.attrs) => {}
            Item::Mod(module) if module.content.is_none() => {
                self.children.insert(module.ident.to_string());
            }
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        let paths = if is_public { &mut self.re_exports } else { &mut self.mentions };
        flatten(&item.tree, &mut Vec::new(), paths);
    }

    /// `pub(super)` imports nothing.
    fn visit_vis_restricted(&mut self, _visibility: &'ast syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.mentions.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, paths);
            before.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, paths)),
        UseTree::Name(name) if name.ident == "self" => paths.push(before.clone()),
        UseTree::Name(name) => paths.push([&before[..], &[name.ident.to_string()]].concat()),
        UseTree::Rename(rename) => paths.push([&before[..], &[rename.ident.to_string()]].concat()),
        UseTree::Glob(_) => paths.push(before.clone()),
    }
}

/// The layers, in the order in which lib.rs declares them.
fn layers() -> Vec<String> {
    let items = parse(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).items;
    let names = items.iter().filter_map(|item| match item {
        Item::Mod(module) => Some(module.ident.to_string()),
        _ => None,
    });
    names.collect()
}

/// The file that a path of this crate leads to: as deep as there are modules, and on through re-exports.
fn file_of<'a>(modules: &'a BTreeMap<Vec<String>, Module>, mention: &[String]) -> Option<&'a Module> {
    let mut rest = mention.strip_prefix(&["crate".to_owned()])?;
    let mut path = Vec::new();
    while let [next, after @ ..] = rest
        && modules.contains_key(&[&path[..], std::slice::from_ref(next)].concat())
    {
        path.push(next.clone());
        rest = after;
    }
    let module = modules.get(&path)?;
    match rest.first().and_then(|name| module.re_exports.get(name)) {
        Some(source) if source != mention => file_of(modules, source),
        _ => Some(module),
    }
}

#[test]
fn imports_point_one_way() {
    let (modules, layers) = (modules(), layers());
    let place = |layer: &str| layers.iter().position(|name| name == layer);
    let mut wrong = BTreeSet::new();
    for module in modules.values() {
        let own = place(module.layer()).unwrap_or_else(|| panic!("lib.rs does not declare {}", module.layer()));
        for mention in module.mentions.iter().chain(module.re_exports.values()) {
            if let ["crate", layer, ..] = mention.iter().map(String::as_str).collect::<Vec<_>>()[..]
                && place(layer).is_some_and(|other| other > own)
            {
                wrong.insert(format!("{} imports {}", module.name(), mention.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "lib.rs declares the layers in the order of their imports:\n{wrong:#?}");
}

#[test]
fn no_command_imports_another() {
    let mut wrong = BTreeSet::new();
    for module in modules().values().filter(|module| module.layer() == "commands") {
        for mention in module.mentions.iter().chain(module.re_exports.values()) {
            if let ["crate", "commands", other, ..] = mention.iter().map(String::as_str).collect::<Vec<_>>()[..]
                && module.path.get(1).is_some_and(|own| own != other)
            {
                wrong.insert(format!("{} imports {}", module.name(), mention.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "what commands share lies below them:\n{wrong:#?}");
}

#[test]
fn the_architecture_says_the_same_order() {
    let text = include_str!("../../ARCHITECTURE.md");
    let order = layers().join(" → ");
    assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(&order), "ARCHITECTURE.md lacks: {order}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let modules = modules();
    let imports: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> = modules
        .values()
        .map(|module| {
            let files = module.mentions.iter().filter_map(|mention| file_of(&modules, mention));
            (&module.path, files.map(|file| &file.path).filter(|path| **path != module.path).collect())
        })
        .collect();
    // Files that import none of the others, or that none imports, are in no circle.
    let mut left = imports;
    loop {
        let imported: BTreeSet<_> = left.values().flatten().copied().collect();
        let free: Vec<_> = left
            .iter()
            .filter(|(path, imports)| {
                !imported.contains(*path) || imports.iter().all(|other| !left.contains_key(other))
            })
            .map(|(path, _)| *path)
            .collect();
        if free.is_empty() {
            break;
        }
        left.retain(|path, _| !free.contains(path));
    }
    let circles = left.iter().map(|(path, imports)| {
        let others = imports.iter().filter(|other| left.contains_key(*other)).map(|other| other.join("::"));
        format!("{} imports {}", path.join("::"), others.collect::<Vec<_>>().join(", "))
    });
    let circles: Vec<_> = circles.collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Every mention of one of these crates or modules outside of the places that may have it.
fn mentioned(forbidden: &[&[&str]], allowed: impl Fn(&Module) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for module in modules().into_values().filter(|module| !allowed(module)) {
        for mention in module.mentions.iter().chain(module.re_exports.values()) {
            if forbidden.iter().any(|path| mention.iter().map(String::as_str).take(path.len()).eq(path.iter().copied()))
            {
                found.insert(format!("{} mentions {}", module.name(), mention.join("::")));
            }
        }
    }
    found
}

#[test]
fn the_model_is_pure() {
    let impure: [&[&str]; 15] = [
        &["aya"],
        &["tokio"],
        &["rustix"],
        &["socket2"],
        &["libc"],
        &["std", "fs"],
        &["std", "env"],
        &["std", "io"],
        &["std", "os"],
        &["std", "process"],
        &["std", "thread"],
        &["std", "time"],
        &["std", "net", "TcpStream"],
        &["std", "net", "TcpListener"],
        &["std", "net", "UdpSocket"],
    ];
    let found = mentioned(&impure, |module| module.layer() != "model");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn explanations_are_pure() {
    let impure: [&[&str]; 13] = [
        &["aya"],
        &["tokio"],
        &["rustix"],
        &["std", "fs"],
        &["std", "env"],
        &["std", "io"],
        &["std", "process"],
        &["std", "thread"],
        &["socket2"],
        &["libc"],
        &["crate", "host", "netns"],
        &["crate", "host", "sysctl"],
        &["crate", "host", "owners"],
    ];
    let found = mentioned(&impure, |module| module.layer() != "explanation");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn bpf_is_the_kernels_alone() {
    let found = mentioned(&[&["aya"], &["aya_log"]], |module| module.layer() == "kernel");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn files_are_read_by_the_host_alone() {
    let reading: [&[&str]; 7] = [
        &["std", "fs"],
        &["rustix", "fs"],
        &["rustix", "thread", "capabilities"],
        &["rustix", "thread", "CapabilitySet"],
        &["rustix", "thread", "unshare_unsafe"],
        &["rustix", "thread", "move_into_link_name_space"],
        &["rustix", "mount"],
    ];
    // The kernel's BTF lies in a file, and a program's file is given to who looks into it.
    let may = [&["kernel", "btf"][..], &["runtime", "elf"]];
    let found = mentioned(&reading, |module| module.layer() == "host" || may.iter().any(|path| module.path == *path));
    assert!(found.is_empty(), "{found:#?}");
}
