//! Figures: how much bad luck there was, and what came through it.

macro_rules! figures {
    ($($name:ident = $words:literal),+ $(,)?) => {
        /// What was counted, in one world or in several.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Figures {
            $(#[doc = $words] pub $name: u64),+
        }

        impl Figures {
            /// Adds the figures of another world.
            pub fn add(&mut self, other: &Figures) {
                $(self.$name += other.$name;)+
            }
        }

        impl std::fmt::Display for Figures {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let all = [$(($words, self.$name)),+];
                for (words, number) in all {
                    writeln!(f, "{number:>9}  {words}")?;
                }
                Ok(())
            }
        }
    };
}

figures! {
    steps = "steps",
    audits = "audits",
    hours = "hours of virtual time",
    closed = "reports closed",
    recorded = "reports recorded",
    repeated = "reports that came again",
    acknowledged = "reports acknowledged to their device",
    letters = "messages sent",
    lost = "messages or answers lost",
    doubled = "messages doubled",
    late = "messages that came after their sender gave up",
    busy = "requests answered as busy",
    carried = "files carried by hand",
    astray = "answers carried to the wrong device",
    server_stops = "server stopped in good order",
    server_kills = "server killed",
    cut_before = "server's power cut within a commit",
    cut_after = "server cut between commit and answer",
    power_cuts = "devices' power cut before, within or after a write",
    full_disks = "devices' disks full",
    reboots = "devices rebooted",
    clocks = "clocks turned",
    levels = "levels changed by products",
    grants = "entitlements granted",
    tended = "pools and alarms brought to now by the server's job",
    told = "pieces of news told",
    bound = "devices bound",
    not_bound = "trust requests refused",
    moves = "devices moved to another virtual account",
    switchovers = "switchovers of pairs",
    clones = "devices cloned",
    restored = "devices restored from a backup",
    wiped = "devices that lost their store",
    forks = "forks heard",
    opened = "alarms opened",
    settled = "alarms settled",
}
