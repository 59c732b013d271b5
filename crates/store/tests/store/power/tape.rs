//! A tape: what a process wrote to the files of a folder, in order, as `strace` saw it; and what a
//! disk holds of it when the power is cut.

use std::collections::BTreeMap;
use std::path::Path;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// One thing that happened.
#[derive(Debug)]
enum Step {
    Create {
        file: String,
    },
    Write {
        file: String,
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        length: usize,
    },
    Unlink {
        file: String,
    },
    /// All of the file that was written before this place of the tape is on the disk.
    Synced {
        file: String,
        before: usize,
    },
    /// The process said a line.
    Said(String),
}

/// What becomes of that which was written and not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// All of it is lost.
    All,
    /// All of it was on the disk by chance.
    Nothing,
    /// All of it was, but the last write is torn.
    Torn,
    /// Of each sector chance decides, in no order.
    Scattered,
}

/// Chance that comes again from the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }
}

/// The files of a folder, by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What a process wrote.
#[derive(Default)]
pub(crate) struct Tape {
    steps: Vec<Step>,
    files: BTreeMap<u32, String>,
    /// Calls that another thread interrupted in the record, by thread.
    unfinished: BTreeMap<String, (String, usize)>,
}

/// The bytes of `"\x01\x02"`.
fn unhex(text: &str) -> Vec<u8> {
    let digits = text.trim_matches('"').split("\\x").skip(1);
    digits.map(|two| u8::from_str_radix(two, 16).expect("two digits")).collect()
}

impl Tape {
    /// Reads the record of `strace -f -xx` of the files in a folder.
    pub(crate) fn read(record: &str, folder: &Path) -> Self {
        let mut tape = Self::default();
        for line in record.lines() {
            let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
            tape.take(thread, rest.trim_start(), folder);
        }
        tape
    }

    fn take(&mut self, thread: &str, line: &str, folder: &Path) {
        if let Some(begun) = line.strip_suffix(" <unfinished ...>") {
            // What is said is out before the call returns.
            let begun = if self.says(begun) { String::new() } else { begun.to_owned() };
            self.unfinished.insert(thread.to_owned(), (begun, self.steps.len()));
            return;
        }
        let (call, begun_at) = match line.strip_prefix("<... ") {
            Some(resumed) => {
                let Some((begun, at)) = self.unfinished.remove(thread) else { return };
                let end = resumed.split_once("resumed>").map_or("", |(_, end)| end);
                (begun + end, at)
            }
            None => (line.to_owned(), self.steps.len()),
        };
        let Some((call, result)) = call.rsplit_once(" = ") else { return };
        let Some((name, arguments)) = call.trim_end().trim_end_matches(')').split_once('(') else {
            return;
        };
        let result: i64 = result.split(' ').next().and_then(|one| one.parse().ok()).unwrap_or(-1);
        if result >= 0 && !self.says(call) {
            let arguments: Vec<&str> = arguments.split(", ").collect();
            self.note(name, &arguments, result, begun_at, folder);
        }
    }

    /// Takes it if it is a line that the process said.
    fn says(&mut self, call: &str) -> bool {
        let Some(said) = call.strip_prefix("write(1, ") else { return false };
        let bytes = unhex(said.split(", ").next().unwrap_or_default());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.steps.extend(text.lines().map(|line| Step::Said(line.to_owned())));
        true
    }

    fn note(
        &mut self,
        name: &str,
        arguments: &[&str],
        result: i64,
        begun_at: usize,
        folder: &Path,
    ) {
        let number =
            |nth: usize| arguments.get(nth).and_then(|one| one.parse::<usize>().ok()).unwrap_or(0);
        let named = |nth: usize| {
            let path = String::from_utf8_lossy(&unhex(arguments[nth])).into_owned();
            let name = Path::new(&path).strip_prefix(folder).ok()?.to_str()?.to_owned();
            (name.starts_with("scrip.db") && !name.ends_with("-shm")).then_some(name)
        };
        let descriptor = u32::try_from(number(0)).unwrap_or(0);
        match name {
            "openat" => {
                if let (Some(file), Ok(descriptor)) = (named(1), u32::try_from(result)) {
                    if arguments[2].contains("O_CREAT") {
                        self.steps.push(Step::Create { file: file.clone() });
                    }
                    self.files.insert(descriptor, file);
                }
            }
            "close" => {
                self.files.remove(&descriptor);
            }
            "unlink" => self.steps.extend(named(0).map(|file| Step::Unlink { file })),
            _ => {
                let Some(file) = self.files.get(&descriptor).cloned() else { return };
                self.steps.push(match name {
                    "pwrite64" => {
                        let bytes = unhex(arguments[1]);
                        assert_eq!(i64::try_from(bytes.len()).ok(), Some(result), "a short write");
                        Step::Write { file, offset: number(3), bytes }
                    }
                    "ftruncate" => Step::Truncate { file, length: number(1) },
                    "fsync" | "fdatasync" => Step::Synced { file, before: begun_at },
                    other => panic!("{other} is a way of writing that is not known here"),
                });
            }
        }
    }

    /// How many places there are at which the power can be cut.
    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// How many writes and how many syncs there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let count = |which: fn(&Step) -> bool| self.steps.iter().filter(|step| which(step)).count();
        (
            count(|step| matches!(step, Step::Write { .. })),
            count(|step| matches!(step, Step::Synced { .. })),
        )
    }

    /// What the process had said before a place.
    pub(crate) fn said(&self, before: usize) -> impl Iterator<Item = &str> {
        self.steps[..before].iter().filter_map(|step| match step {
            Step::Said(line) => Some(line.as_str()),
            _ => None,
        })
    }

    /// What the disk holds when the power is cut at a place.
    pub(crate) fn cut(&self, place: usize, before: &Files, loss: Loss) -> Files {
        let steps = &self.steps[..place];
        let mut synced: BTreeMap<&str, usize> = BTreeMap::new();
        for step in steps {
            if let Step::Synced { file, before } = step {
                let known = synced.entry(file).or_default();
                *known = (*known).max(*before);
            }
        }
        let is_safe = |nth: usize, file: &str| synced.get(file).is_some_and(|before| nth < *before);
        let last = steps.iter().enumerate().rposition(
            |(nth, step)| matches!(step, Step::Write { file, .. } if !is_safe(nth, file)),
        );
        let mut files = before.clone();
        let mut dice = Dice(u64::try_from(place).unwrap_or(0) ^ 0x5DEE_CE66);
        for (nth, step) in steps.iter().enumerate() {
            let fate = match step {
                Step::Write { file, .. } | Step::Truncate { file, .. } | Step::Unlink { file }
                    if !is_safe(nth, file) =>
                {
                    loss
                }
                _ => Loss::Nothing,
            };
            let fate = if fate == Loss::Torn && last != Some(nth) { Loss::Nothing } else { fate };
            apply(&mut files, step, fate, &mut dice);
        }
        files
    }
}

fn apply(files: &mut Files, step: &Step, fate: Loss, dice: &mut Dice) {
    match step {
        Step::Create { file } => {
            files.entry(file.clone()).or_default();
        }
        Step::Write { file, offset, bytes } => {
            let Some(file) = files.get_mut(file) else { return };
            let kept = dice.roll(bytes.len() / SECTOR + 1) * SECTOR;
            let mut at = 0;
            while at < bytes.len() {
                // Sectors are of the file, not of the write.
                let end = (at + SECTOR - (offset + at) % SECTOR).min(bytes.len());
                let stays = match fate {
                    Loss::Nothing => true,
                    Loss::All => false,
                    Loss::Torn => at < kept,
                    Loss::Scattered => dice.roll(2) == 0,
                };
                if stays {
                    let length = file.len().max(offset + end);
                    file.resize(length, 0);
                    file[offset + at..offset + end].copy_from_slice(&bytes[at..end]);
                }
                at = end;
            }
        }
        Step::Truncate { file, length } => {
            if let Some(file) = files.get_mut(file).filter(|_| happens(fate, dice)) {
                file.resize(*length, 0);
            }
        }
        Step::Unlink { file } => {
            if happens(fate, dice) {
                files.remove(file);
            }
        }
        Step::Synced { .. } | Step::Said(_) => {}
    }
}

fn happens(fate: Loss, dice: &mut Dice) -> bool {
    match fate {
        Loss::Nothing | Loss::Torn => true,
        Loss::All => false,
        Loss::Scattered => dice.roll(2) == 0,
    }
}
