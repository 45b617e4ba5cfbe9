package dev.banger.daemon;

import dev.banger.capability.Authorization;
import dev.banger.config.Config;
import dev.banger.guest.ssh.SshEndpoint;
import dev.banger.image.Images;
import dev.banger.image.catalog.Catalogs;
import dev.banger.image.kernel.Kernels;
import dev.banger.image.release.Releases;
import dev.banger.journal.Journal;
import dev.banger.model.Directories;
import dev.banger.ops.Operations;
import dev.banger.proc.Binaries;
import dev.banger.store.ProgramTable;
import dev.banger.vm.Vms;

/** The parts that methods are served by. */
record DaemonParts(
    Vms vms,
    Operations operations,
    Journal journal,
    Images images,
    Kernels kernels,
    Catalogs catalogs,
    Releases releases,
    SshEndpoint ssh,
    Authorization authorization,
    ExecSessions programs,
    ProgramTable kept,
    Binaries binaries,
    Config config,
    Directories directories,
    ChosenNetwork network) {}
