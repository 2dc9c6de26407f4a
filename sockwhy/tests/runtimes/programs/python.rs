//! Servers that are written in Python, or for it.

use std::process::Command;

use super::command;
use crate::outcome::Outcome;
use crate::server::Folder;
use crate::table::{ANY4, ANY6, Case, DUAL, LOOPBACK, LOOPBACK4, LOOPBACK6, PAIR, SERVER, State, change, state};

const GUNICORN: State = state(&["--bind=[::]:8080"], DUAL);
const GUNICORN_LOOPBACK: State = state(&["--bind=127.0.0.1:8080", "--bind=[::1]:8080"], LOOPBACK);
const UVICORN: State = state(&["--host="], PAIR);
const UWSGI: State = state(&["[::]:8080"], DUAL);
const UWSGI_LOOPBACK: State = state(&["127.0.0.1:8080", "[::1]:8080"], LOOPBACK);

pub(super) static CASES: &[Case] = &[
    Case {
        name: "gunicorn",
        program: "gunicorn",
        start: gunicorn,
        usual: GUNICORN,
        others: &[state(&["--bind=:8080"], ANY4)],
        changes: &[
            change("--bind={ipv4}:{port}", GUNICORN, state(&["--bind=0.0.0.0:8080"], ANY4)),
            change("--bind={ipv4}:{port}", GUNICORN_LOOPBACK, state(&["--bind=127.0.0.1:8080"], LOOPBACK4)),
            change(
                "--bind={ipv4}:{port} and --bind=[{ipv6}]:{port}",
                state(&["--bind=[::1]:8080"], LOOPBACK6),
                GUNICORN_LOOPBACK,
            ),
            change("--bind=[{ipv6}]:{port}", GUNICORN_LOOPBACK, state(&["--bind=[::1]:8080"], LOOPBACK6)),
            change("--bind=[::]:{port}", state(&["--bind=0.0.0.0:8080"], ANY4), GUNICORN),
        ],
        ..SERVER
    },
    Case {
        name: "uvicorn",
        program: "uvicorn",
        start: uvicorn,
        usual: UVICORN,
        others: &[state(&[], LOOPBACK4)],
        changes: &[
            change("--host={ipv4}", UVICORN, state(&["--host=0.0.0.0"], ANY4)),
            change("--host={ipv4}", state(&["--host=::1"], LOOPBACK6), state(&["--host=127.0.0.1"], LOOPBACK4)),
            change("--host=", state(&["--host=::"], ANY6), UVICORN),
            change("--host={ipv6}", UVICORN, state(&["--host=::"], ANY6)),
        ],
        ..SERVER
    },
    Case {
        name: "uWSGI",
        program: "uwsgi",
        start: uwsgi,
        usual: UWSGI,
        others: &[state(&[":8080"], ANY4)],
        changes: &[
            change("{ipv4}:{port}", UWSGI, state(&["0.0.0.0:8080"], ANY4)),
            change("{ipv4}:{port} and [{ipv6}]:{port}", state(&["[::1]:8080"], LOOPBACK6), UWSGI_LOOPBACK),
            change("[{ipv6}]:{port}", UWSGI_LOOPBACK, state(&["[::1]:8080"], LOOPBACK6)),
            change("[::]:{port}", state(&["0.0.0.0:8080"], ANY4), UWSGI),
        ],
        ..SERVER
    },
];

fn gunicorn(folder: &Folder, options: &[&str]) -> Outcome<Command> {
    const APPLICATION: &str = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']\n";
    folder.file("application.py", APPLICATION)?;
    Ok(command(folder, "gunicorn --chdir FOLDER --worker-tmp-dir FOLDER", &[options, &["application:app"]].concat()))
}

fn uvicorn(folder: &Folder, options: &[&str]) -> Outcome<Command> {
    const APPLICATION: &str = "
async def app(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': b''})
";
    folder.file("application.py", APPLICATION)?;
    let line = "uvicorn --app-dir FOLDER --lifespan off --port 8080";
    Ok(command(folder, line, &[options, &["application:app"]].concat()))
}

#[expect(clippy::unnecessary_wraps, reason = "others can fail")]
fn uwsgi(folder: &Folder, addresses: &[&str]) -> Outcome<Command> {
    let options: Vec<_> = addresses.iter().map(|address| format!("--http-socket={address}")).collect();
    Ok(command(folder, &format!("uwsgi --master {}", options.join(" ")), &[]))
}
