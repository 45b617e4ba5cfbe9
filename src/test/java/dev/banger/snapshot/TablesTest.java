package dev.banger.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.privileged.BlockDevices.Stretch;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TablesTest {
  private static final VmId VM = new VmId("0123456789ab");

  private static List<String> text(List<Stretch> table) {
    return table.stream().map(Stretch::toString).toList();
  }

  @Test
  void behindTheImageAreZeros() {
    assertThat(text(Tables.base("/dev/loop3", ByteSize.mib(64), ByteSize.mib(256))))
        .containsExactly("0 131072 linear /dev/loop3 0", "131072 393216 zero");
  }

  @Test
  void aDiskIsNeverSmallerThanItsImage() {
    assertThat(text(Tables.base("/dev/loop3", ByteSize.mib(64), ByteSize.mib(64))))
        .containsExactly("0 131072 linear /dev/loop3 0");
    assertThat(text(Tables.base("/dev/loop3", ByteSize.mib(64), ByteSize.mib(10))))
        .containsExactly("0 131072 linear /dev/loop3 0");
  }

  @Test
  void anEnlargedBaseKeepsItsImage() {
    List<Stretch> now = List.of(new Stretch(0, 131072, "linear", "7:3 0"));
    assertThat(text(Tables.enlarged(now, ByteSize.mib(128))))
        .containsExactly("0 131072 linear 7:3 0", "131072 131072 zero");
  }

  @Test
  void aSnapshotIsPersistentAndMayOverflow() {
    assertThat(text(Tables.snapshot(Path.of("/dev/dm-0"), Path.of("/dev/loop4"), 524288)))
        .containsExactly("0 524288 snapshot /dev/dm-0 /dev/loop4 PO 32");
    assertThat(text(Tables.nothing(8))).containsExactly("0 8 error");
  }

  @Test
  void theLargestStoreHoldsEveryBlockAndItsRecords() {
    // 16,384 blocks of 16 KiB, 16 areas of records, a header and the next area's beginning
    assertThat(Store.most(ByteSize.mib(256))).isEqualTo(ByteSize.mib(257));
    assertThat(Store.most(ByteSize.gib(10))).isEqualTo(ByteSize.mib(10_251));
  }

  @Test
  void aStatusIsReadAsTheKernelWritesIt() throws Exception {
    assertThat(StoreUsage.parse("64/32768 32"))
        .isEqualTo(new StoreUsage(StoreUsage.State.WHOLE, ByteSize.kib(32), ByteSize.mib(16)));
    assertThat(StoreUsage.parse("64/32768 32").free()).isEqualTo(new ByteSize(16_744_448));
    assertThat(StoreUsage.parse("Overflow").state()).isEqualTo(StoreUsage.State.OVERFLOWN);
    assertThat(StoreUsage.parse("Invalid").state()).isEqualTo(StoreUsage.State.INVALID);
    assertThatThrownBy(() -> StoreUsage.parse("Merge failed"))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("Merge failed");
  }

  @Test
  void aNameSaysWhoseDirectoryAndWhoseVmItIs(@TempDir Path one, @TempDir Path other)
      throws Exception {
    DeviceNames names = DeviceNames.of(one);
    assertThat(names.disk(VM)).matches("banger-[0-9a-f]{10}-0123456789ab");
    assertThat(names.base(VM)).isEqualTo(names.disk(VM) + "-base");
    assertThat(DeviceNames.uuid(names.base(VM)).length()).isLessThan(129);
    assertThat(names.owner(names.disk(VM))).contains(VM);
    assertThat(names.owner(names.base(VM))).contains(VM);
    assertThat(DeviceNames.of(other).owner(names.disk(VM))).isEmpty();
    assertThat(names.owner(names.prefix() + "0123")).isEmpty();
    assertThat(names.owner(names.disk(VM) + "-other")).isEmpty();
    assertThat(names.owner("docker-pool")).isEmpty();
  }
}
