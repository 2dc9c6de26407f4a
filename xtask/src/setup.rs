//! `cargo xtask setup`: installs what the tests run apart from cargo, from Debian, and only what is missing.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{progress, run};

/// A program that the tests need.
struct Need {
    program: &'static str,
    package: &'static str,
    purpose: &'static str,
}

const NEEDS: &[Need] = &[
    Need { program: "apache2", package: "apache2-bin", purpose: "the sockets of Apache" },
    Need { program: "c++", package: "g++", purpose: "linking bpf-linker, which uses LLVM" },
    Need { program: "caddy", package: "caddy", purpose: "the sockets of Caddy" },
    Need { program: "capsh", package: "libcap2-bin", purpose: "running with fewer capabilities" },
    Need { program: "cupsd", package: "cups-daemon", purpose: "the sockets of CUPS" },
    Need { program: "dnsmasq", package: "dnsmasq-base", purpose: "the sockets of dnsmasq" },
    Need { program: "dovecot", package: "dovecot-core", purpose: "the sockets of Dovecot" },
    Need { program: "epmd", package: "erlang-base", purpose: "the sockets of epmd" },
    Need { program: "etcd", package: "etcd-server", purpose: "the sockets of etcd" },
    Need { program: "go", package: "golang-go", purpose: "the sockets of a Go program" },
    Need { program: "gunicorn", package: "gunicorn", purpose: "the sockets of gunicorn" },
    Need { program: "haproxy", package: "haproxy", purpose: "the sockets of HAProxy" },
    Need { program: "inetd", package: "openbsd-inetd", purpose: "the sockets of OpenBSD's inetd" },
    Need { program: "ip", package: "iproute2", purpose: "network namespaces" },
    Need { program: "iperf3", package: "iperf3", purpose: "the sockets of iperf3" },
    Need { program: "javac", package: "default-jdk-headless", purpose: "the sockets of a JVM" },
    Need { program: "mariadbd", package: "mariadb-server-core", purpose: "the sockets of MariaDB" },
    Need { program: "memcached", package: "memcached", purpose: "the sockets of memcached" },
    Need { program: "mosquitto", package: "mosquitto", purpose: "the sockets of Mosquitto" },
    Need { program: "named", package: "bind9", purpose: "the sockets of BIND" },
    Need { program: "nc.openbsd", package: "netcat-openbsd", purpose: "the sockets of OpenBSD's netcat" },
    Need { program: "ncat", package: "ncat", purpose: "the sockets of Ncat" },
    Need { program: "netstat", package: "net-tools", purpose: "what netstat says of the same sockets" },
    Need { program: "nginx", package: "nginx-light", purpose: "the sockets of nginx" },
    Need { program: "ngircd", package: "ngircd", purpose: "the sockets of ngIRCd" },
    Need { program: "node", package: "nodejs", purpose: "the sockets of Node.js" },
    Need { program: "nsd", package: "nsd", purpose: "the sockets of NSD" },
    Need { program: "pg_ctlcluster", package: "postgresql", purpose: "the sockets of PostgreSQL" },
    Need { program: "php", package: "php-cli", purpose: "the sockets of PHP" },
    Need { program: "php-fpm8.2", package: "php8.2-fpm", purpose: "the sockets of php-fpm" },
    Need { program: "postfix", package: "postfix", purpose: "the sockets of Postfix" },
    Need { program: "proftpd", package: "proftpd-core", purpose: "the sockets of ProFTPD" },
    Need {
        program: "prometheus-node-exporter",
        package: "prometheus-node-exporter",
        purpose: "the sockets of node_exporter",
    },
    Need { program: "puma", package: "puma", purpose: "the sockets of Puma" },
    Need { program: "python3", package: "python3", purpose: "the sockets of a Python program" },
    Need { program: "qemu-system-x86_64", package: "qemu-system-x86", purpose: "virtual machines with other kernels" },
    Need { program: "redis-server", package: "redis-server", purpose: "the sockets of Redis" },
    Need { program: "rsync", package: "rsync", purpose: "the sockets of rsync" },
    Need { program: "ruby", package: "ruby-webrick", purpose: "the sockets of WEBrick" },
    Need { program: "socat", package: "socat", purpose: "the sockets of socat" },
    Need { program: "squid", package: "squid", purpose: "the sockets of Squid" },
    Need { program: "sshd", package: "openssh-server", purpose: "the sockets of sshd" },
    Need { program: "tinyproxy", package: "tinyproxy-bin", purpose: "the sockets of Tinyproxy" },
    Need { program: "unbound", package: "unbound", purpose: "the sockets of Unbound" },
    Need { program: "unshare", package: "util-linux", purpose: "mount and PID namespaces" },
    Need { program: "uvicorn", package: "uvicorn", purpose: "the sockets of uvicorn" },
    Need { program: "uwsgi", package: "uwsgi-core", purpose: "the sockets of uWSGI" },
];

/// Packages that conflict with one above. The program alone is taken out of them.
const CONFLICTING: &[Need] = &[
    Need { program: "vsftpd", package: "vsftpd", purpose: "the sockets of vsftpd" },
    Need { program: "xinetd", package: "xinetd", purpose: "the sockets of xinetd" },
];

/// Libraries that those programs need.
const LIBRARIES: &[&str] = &["libnsl2", "libwrap0"];

pub(crate) fn main() -> Result<()> {
    install_missing()?;
    let missing: Vec<_> = CONFLICTING.iter().filter(|need| !is_installed(need.program)).collect();
    if missing.is_empty() || !is_installed("apt-get") || !is_root()? {
        return Ok(());
    }
    install(LIBRARIES)?;
    missing.iter().try_for_each(|need| extract(need).with_context(|| format!("cannot extract {}", need.package)))
}

fn install_missing() -> Result<()> {
    let missing: Vec<_> = NEEDS.iter().filter(|need| !is_installed(need.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for Need { program, package, purpose } in &missing {
        progress(format_args!("missing: {program}, of the package {package} ({purpose})"));
    }
    let packages: Vec<_> = missing.iter().map(|need| need.package).collect();
    if !is_installed("apt-get") {
        bail!(
            "this machine has no apt-get: install with its package manager what Debian calls {}",
            packages.join(", ")
        );
    }
    if !is_root()? {
        bail!(
            "only root can install packages; run `sudo apt-get update && sudo apt-get install --no-install-recommends {}`",
            packages.join(" ")
        );
    }
    install(&packages)
        .with_context(|| format!("cannot install {}: is the package mirror reachable?", packages.join(", ")))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.args(["--quiet", "--option=Dpkg::Use-Pty=0"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn install(packages: &[&str]) -> Result<()> {
    run(apt().arg("update"))?;
    let _no_autostart = NoAutostart::enable()?;
    run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// Copies a program out of its package.
fn extract(need: &Need) -> Result<()> {
    let Need { program, package, purpose } = need;
    progress(format_args!("missing: {program}, taken out of the package {package} ({purpose})"));
    let folder = env::temp_dir().join(format!("sockwhy-setup-{package}"));
    fs::create_dir_all(&folder)?;
    run(apt().args(["download", package]).current_dir(&folder))?;
    let archives = fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let archive = archives.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    run(Command::new("dpkg-deb").arg("--extract").arg(archive.context("apt-get left no package")?).arg(&folder))?;
    fs::copy(folder.join("usr/sbin").join(program), Path::new("/usr/local/sbin").join(program))?;
    Ok(fs::remove_dir_all(&folder)?)
}

/// Keeps packages from starting the services that they bring, until it is dropped. `invoke-rc.d(8)` and systemd's
/// counterpart ask this script; its exit code 101 forbids the start.
struct NoAutostart {
    /// Whether the script is ours to remove.
    is_ours: bool,
}

impl NoAutostart {
    const SCRIPT: &str = "/usr/sbin/policy-rc.d";

    fn enable() -> Result<Self> {
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(0o755).open(Self::SCRIPT) {
            Ok(mut script) => {
                let enabled = Self { is_ours: true };
                script.write_all(b"#!/bin/sh\nexit 101\n").context(Self::SCRIPT)?;
                Ok(enabled)
            }
            // Containers have one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Self { is_ours: false }),
            Err(error) => Err(error).context(Self::SCRIPT),
        }
    }
}

impl Drop for NoAutostart {
    fn drop(&mut self) {
        if self.is_ours
            && let Err(error) = fs::remove_file(Self::SCRIPT)
        {
            progress(format_args!("{} is left, which keeps services from being started: {error}", Self::SCRIPT));
        }
    }
}

/// Whether `program` can be run, by root at least.
fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    // An ordinary user's PATH does not name the folders of the administrator's programs on Debian.
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).any(|file| is_executable(&file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

pub(crate) fn is_root() -> Result<bool> {
    // The kernel gives a process's folder to its effective user: proc(5).
    Ok(fs::metadata("/proc/self").context("cannot read /proc/self")?.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_where_they_are() {
        assert!(is_installed("sh"));
        assert!(!is_installed("no-such-program"));
        assert!(!is_executable(Path::new("/")), "a folder is not a program");
    }
}
