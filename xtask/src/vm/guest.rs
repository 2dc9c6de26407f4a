//! One virtual machine, from its start to its end.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{
    binaries::Binaries,
    initramfs::Initramfs,
    kernel::{Image, Kernel, RUNS},
    transcript::{Run, Transcript},
};
use crate::{command::output, paths};

/// QEMU's program for the architecture of the guests.
const QEMU: &str = "qemu-system-x86_64";

/// A guest that has not said anything for so long hangs. No test takes a quarter of it, even emulated.
const SILENCE: Duration = Duration::from_mins(5);

/// How much of a console is shown.
const CONSOLE_LINES: usize = 40;

/// Fails where there is no QEMU.
pub(crate) fn require_qemu() -> Result<()> {
    output(Command::new(QEMU).arg("--version")).context("no guest can boot; `cargo xtask setup` installs QEMU")?;
    Ok(())
}

/// A machine that is ready to boot.
pub(crate) struct Guest {
    pub(crate) kernel: &'static Kernel,
    image: Image,
    /// Holds the root file system and the logs.
    folder: PathBuf,
}

/// What became of a guest.
pub(crate) struct Outcome {
    /// One for each of [`RUNS`].
    pub(crate) runs: Vec<Run>,
    /// From QEMU's start to the tests' first word.
    pub(crate) boot: Option<Duration>,
    pub(crate) duration: Duration,
    /// Why the guest did not come to its end, and what its kernel said last.
    pub(crate) failure: Option<String>,
}

impl Guest {
    /// Gets the kernel and makes the root file system.
    pub(crate) fn prepare(kernel: &'static Kernel, binaries: &Binaries, arguments: &[String]) -> Result<Self> {
        let guest = Self { kernel, image: kernel.image()?, folder: paths::vm().join("guests").join(kernel.name) };
        fs::create_dir_all(&guest.folder).with_context(|| format!("cannot create {}", guest.folder.display()))?;
        let archive = guest.initramfs();
        fs::write(&archive, guest.root(binaries, arguments)?)
            .with_context(|| format!("cannot write {}", archive.display()))?;
        Ok(guest)
    }

    /// Boots the guest and follows it until it switches itself off, dies or hangs. `watch` is called whenever it has
    /// said something.
    pub(crate) fn run(&self, mut watch: impl FnMut(&Transcript)) -> Result<Outcome> {
        let log = self.folder.join("tests.log");
        let mut log = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut transcript = Transcript::default();
        let mut boot = None;
        let mut hung = false;
        let start = Instant::now();
        let mut qemu = self.start()?;
        let chunks = read_in_thread(qemu.0.stdout.take().context("QEMU's output is not piped")?);
        loop {
            match chunks.recv_timeout(SILENCE) {
                Ok(chunk) => {
                    boot.get_or_insert_with(|| start.elapsed());
                    log.write_all(&chunk).context("cannot write to tests.log")?;
                    transcript.push(&chunk);
                    watch(&transcript);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    hung = true;
                    qemu.kill();
                    break;
                }
            }
        }
        let status = qemu.0.wait().context("cannot wait for QEMU")?;
        let last = transcript.now();
        let mut runs = transcript.finish();
        let unreached = RUNS.iter().filter(|name| runs.iter().all(|run| run.name != **name));
        let unreached: Vec<_> = unreached.map(|name| Run::unreached(name)).collect();
        let failure = if hung {
            Some(format!("hung ({last}): it said nothing for {} minutes", SILENCE.as_secs() / 60))
        } else if !status.success() {
            Some(format!("could not run: QEMU failed ({status}): {}", read(&self.errors()).trim_end()))
        } else if runs.last().is_none_or(|run| !run.ended) || !unreached.is_empty() {
            Some(format!("died ({last})"))
        } else {
            None
        };
        runs.extend(unreached);
        Ok(Outcome {
            runs,
            boot,
            duration: start.elapsed(),
            failure: failure.map(|failure| format!("the guest {failure}\n{}", self.console_end())),
        })
    }

    fn start(&self) -> Result<Qemu> {
        let mut console = std::ffi::OsString::from("file:");
        console.push(self.console());
        // An oops ends the guest: the kernel panics, restarts at once, and QEMU ends instead of restarting.
        let command_line = format!("console=ttyS0 oops=panic panic=-1 {}", self.kernel.command_line);
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

    /// The root file system.
    fn root(&self, binaries: &Binaries, arguments: &[String]) -> Result<Vec<u8>> {
        let mut root = Initramfs::default();
        for folder in ["bin", "dev", "proc", "sys", "tmp"] {
            root.directory(folder);
        }
        root.file("init", include_bytes!("init.sh"));
        root.file("bin/busybox", &binaries.busybox);
        root.file("sockwhy", &binaries.sockwhy);
        root.file("acceptance", &binaries.acceptance);
        root.file("list", &binaries.list);
        let runs = RUNS.map(|name| {
            let expected = if name == "list" || self.kernel.backends.contains(&name) { "yes" } else { "no" };
            format!("{name} {expected}")
        });
        root.file("runs", lines(&runs).as_bytes());
        root.file("arguments", lines(arguments).as_bytes());
        let mut names = Vec::new();
        for module in &self.image.modules {
            let name = module.file_name().context("a module has a name")?.to_string_lossy();
            let content = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
            root.file(&name, &content);
            names.push(name.into_owned());
        }
        root.file("modules", lines(&names).as_bytes());
        Ok(root.finish())
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
    fn console_end(&self) -> String {
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
        // This fails where it has ended already, which is as good.
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
fn lines(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// A log's text, as far as there is one.
fn read(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned()
}
