package dev.banger.vm;

import dev.banger.config.Config;
import dev.banger.doctor.HostRoom;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.proof.Linearizability;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Test;

/** Starts at the same time never take more room together than there is. */
@Param(name = "vm", gen = ThreadIdGen.class)
@Param(name = "gib", gen = IntGen.class, conf = "3:6")
public class AdmissionLincheckTest {
  private static final HostRoom HOST =
      new HostRoom(
          new HostRoom.Memory(
              ByteSize.gib(8),
              ByteSize.gib(8),
              List.of(
                  new HostRoom.Place(Path.of("/dev/shm"), ByteSize.gib(8), ByteSize.gib(8)))),
          new HostRoom.Place(Path.of("/data"), ByteSize.gib(200), ByteSize.gib(100)),
          List.of(new HostRoom.Count("pids.max", 0, 1000)),
          List.of(new HostRoom.Count("RLIMIT_NOFILE", 0, 1000)));

  private final Admission admission =
      new Admission(() -> HOST, new Config.Admission(1.0, ByteSize.gib(1)), Map::of);

  /** Each VM is one thread's: that is what its lock is for. */
  private final Map<Integer, Admission.Reservation> taken = new ConcurrentHashMap<>();

  private static VmId id(int vm) {
    return new VmId("%012x".formatted(vm + 1));
  }

  @Operation
  public boolean start(@Param(name = "vm") int vm, @Param(name = "gib") int gib) {
    end(vm);
    try {
      taken.put(vm, admission.admit(id(vm), "start", new Need(1, ByteSize.gib(gib))));
      return true;
    } catch (BangerException e) {
      return false;
    }
  }

  @Operation
  public void end(@Param(name = "vm") int vm) {
    Admission.Reservation mine = taken.remove(vm);
    if (mine != null) {
      mine.close();
    }
  }

  @Test
  void whatIsTakenIsTakenOnce() {
    Linearizability.requireInEveryOrder(AdmissionLincheckTest.class);
  }
}
