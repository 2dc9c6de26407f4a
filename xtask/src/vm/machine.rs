//! A virtual machine: boots a kernel on a root file system in memory and tells what it says on its second serial port.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::image::Image;
use super::initramfs::Initramfs;
use super::kernel::Kernel;
use crate::command::output;
use crate::paths;

/// QEMU's program for the architecture of the guests.
const QEMU: &str = "qemu-system-x86_64";

/// A guest that has not said anything for so long hangs. No test takes a quarter of it, even emulated.
pub(crate) const SILENCE: Duration = Duration::from_mins(5);

/// How much of a console is shown.
const CONSOLE_LINES: usize = 40;

/// Fails where there is no QEMU.
pub(crate) fn require_qemu() -> Result<()> {
    output(Command::new(QEMU).arg("--version")).context("no guest can boot; `cargo xtask setup` installs QEMU")?;
    Ok(())
}

/// A machine that is ready to boot.
pub(crate) struct Machine {
    pub(crate) image: Image,
    command_line: &'static str,
    /// Holds the root file system and the logs.
    folder: PathBuf,
}

/// How a guest ended by itself, or not.
pub(crate) enum End {
    /// It switched itself off, or its kernel panicked.
    Off,
    /// It said nothing for as long as nothing takes, and was killed.
    Silent,
    /// QEMU could not run it, and said why.
    Failed(String),
}

impl Machine {
    /// Makes a folder of this name.
    pub(crate) fn new(kernel: &Kernel, image: Image, name: &str) -> Result<Self> {
        let folder = paths::vm().join("guests").join(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self { image, command_line: kernel.command_line, folder })
    }

    /// The root file system as far as every guest has it: `init.sh`, which ends by running the script `task`, and a
    /// shell.
    pub(crate) fn root(&self, busybox: &[u8], task: &[u8]) -> Result<Initramfs> {
        let mut root = Initramfs::default();
        for folder in ["bin", "dev", "lib", "lib64", "proc", "sys", "tmp"] {
            root.directory(folder);
        }
        root.file("init", include_bytes!("init.sh"));
        root.file("task", task);
        root.file("bin/busybox", busybox);
        let mut names = Vec::new();
        for module in &self.image.modules {
            let name = module.file_name().context("a module has a name")?.to_string_lossy();
            let content = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
            root.file(&name, &content);
            names.push(name.into_owned());
        }
        root.file("modules", lines(&names).as_bytes());
        Ok(root)
    }

    /// Lays the root file system where [`Machine::run`] finds it.
    pub(crate) fn install(&self, root: Initramfs) -> Result<()> {
        let archive = self.initramfs();
        fs::write(&archive, root.finish()).with_context(|| format!("cannot write {}", archive.display()))
    }

    /// A file of this name in the folder of the logs.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Boots the guest and follows it until it switches itself off, dies or hangs. `hear` is given what it says.
    pub(crate) fn run(&self, mut hear: impl FnMut(&[u8]) -> Result<()>) -> Result<End> {
        let mut qemu = self.start()?;
        let chunks = read_in_thread(qemu.0.stdout.take().context("QEMU's output is not piped")?);
        loop {
            match chunks.recv_timeout(SILENCE) {
                Ok(chunk) => hear(&chunk)?,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => return Ok(End::Silent),
            }
        }
        let status = qemu.0.wait().context("cannot wait for QEMU")?;
        if status.success() {
            return Ok(End::Off);
        }
        Ok(End::Failed(format!("QEMU failed ({status}): {}", read(&self.errors()).trim_end())))
    }

    fn start(&self) -> Result<Qemu> {
        let mut console = std::ffi::OsString::from("file:");
        console.push(self.console());
        // An oops ends the guest: the kernel panics, restarts at once, and QEMU ends instead of restarting.
        let command_line = format!("console=ttyS0 oops=panic panic=-1 {}", self.command_line);
        let errors = self.errors();
        let child = Command::new("setpriv")
            // However we end, a guest must not stay behind.
            .args(["--pdeathsig", "KILL", QEMU])
            // Attaching a probe patches the kernel's text. With a host thread per virtual CPU, QEMU may run a stale
            // breakpoint on the other CPU, and the guest oopses. One thread for both loses nothing: the host's other
            // CPUs run other guests.
            .args(["-accel", "tcg,thread=single", "-M", "q35", "-smp", "2", "-m", "2048"])
            // QEMU 7.2 sometimes returns wrong flags from cmpxchg16b, and the guest's slab allocator panics.
            .args(["-cpu", "max,cx16=off"])
            .args(["-nodefaults", "-no-reboot", "-display", "none"])
            .arg("-kernel")
            .arg(&self.image.vmlinuz)
            .arg("-initrd")
            .arg(self.initramfs())
            .args(["-append", &command_line])
            .arg("-serial")
            .arg(console)
            .args(["-serial", "stdio"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&errors).with_context(|| format!("cannot create {}", errors.display()))?)
            .spawn()
            .with_context(|| format!("cannot run {QEMU}"))?;
        Ok(Qemu(child))
    }

    fn initramfs(&self) -> PathBuf {
        self.folder.join("initramfs.cpio")
    }

    fn console(&self) -> PathBuf {
        self.folder.join("console.log")
    }

    fn errors(&self) -> PathBuf {
        self.folder.join("qemu.log")
    }

    /// The console's last lines.
    pub(crate) fn console_end(&self) -> String {
        let console = self.console();
        let text = read(&console);
        let lines: Vec<_> = text.lines().collect();
        let end = lines[lines.len().saturating_sub(CONSOLE_LINES)..].join("\n");
        format!("The end of its console, {}:\n{end}", console.display())
    }
}

/// A QEMU that ends when its owner does.
struct Qemu(Child);

impl Qemu {
    fn kill(&mut self) {
        // This fails if it has ended already. Then nothing is left to do.
        let _ = self.0.kill();
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.kill();
        let _ = self.0.wait();
    }
}

/// Reads `output` to its end in a thread: reading a pipe cannot be given a time limit.
fn read_in_thread(mut output: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            match output.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
                Ok(length) => {
                    if sender.send(buffer[..length].to_vec()).is_err() {
                        break;
                    }
                }
            }
        }
    });
    receiver
}

/// A text file of these lines.
pub(crate) fn lines(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// A log's text, as far as there is one.
fn read(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned()
}
