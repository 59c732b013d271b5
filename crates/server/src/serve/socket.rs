//! Where the socket for commands of the host is: in the data folder, however long its path is.

use std::fs::File;
use std::io::Result;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// Socket addresses hold no longer path on any system.
const LONGEST: usize = 100;

/// A folder under a name that is short enough.
struct Reach {
    name: PathBuf,
    /// The short name leads through it.
    _folder: Option<File>,
}

impl Reach {
    fn to(folder: &Path) -> Result<Self> {
        if folder.as_os_str().len() <= LONGEST || !Path::new("/proc/self/fd").exists() {
            return Ok(Self { name: folder.to_owned(), _folder: None });
        }
        let open = File::open(folder)?;
        let name = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
        Ok(Self { name, _folder: Some(open) })
    }
}

fn folder_and_name(socket: &Path) -> (&Path, &Path) {
    let folder = socket.parent().unwrap_or(Path::new(""));
    (folder, socket.file_name().map_or(socket, Path::new))
}

/// Connects to the server that listens there, if one does.
pub(super) async fn connect(socket: &Path) -> Result<UnixStream> {
    let (folder, name) = folder_and_name(socket);
    let folder = Reach::to(folder)?;
    UnixStream::connect(folder.name.join(name)).await
}

/// Listens there. The socket never exists with wider rights than its owner's: it is made in the
/// private folder, then moved.
pub(super) fn listen(socket: &Path, private: &Path) -> Result<UnixListener> {
    let (folder, name) = folder_and_name(socket);
    let folder = Reach::to(folder)?;
    if std::os::unix::net::UnixStream::connect(folder.name.join(name)).is_ok() {
        let text = "another server answers there: stop it first";
        return Err(std::io::Error::new(std::io::ErrorKind::AddrInUse, text));
    }
    let aside = private.join("admin.sock.new");
    let _ = std::fs::remove_file(&aside);
    let short = Reach::to(private)?;
    let listener = UnixListener::bind(short.name.join("admin.sock.new"))?;
    std::fs::set_permissions(&aside, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&aside, socket)?;
    Ok(listener)
}
