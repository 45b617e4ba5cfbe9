package dev.banger.store;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The tables {@code program} and {@code program_word}: what VMs run in place of their image's own
 * program. What a VM has in them goes with its row in {@code vm}.
 */
public final class ProgramTable {
  private final Database database;

  public ProgramTable(Database database) {
    this.database = database;
  }

  /** Of a VM that has none yet; flushed with what is written next. */
  public void insert(VmId vm, ProgramRow program) throws BangerException {
    int _ = database.writeUnflushed(c -> insert(c, vm, program));
  }

  private static int insert(Connection c, VmId vm, ProgramRow program) throws SQLException {
    try (PreparedStatement s = c.prepareStatement("INSERT INTO program VALUES (?, ?, ?)")) {
      s.setString(1, vm.value());
      s.setString(2, program.directory());
      s.setString(3, program.user());
      int _ = s.executeUpdate();
    }
    int written = 0;
    try (PreparedStatement s = c.prepareStatement("INSERT INTO program_word VALUES (?, ?, ?)")) {
      for (String word : program.argv()) {
        s.setString(1, vm.value());
        s.setInt(2, written);
        s.setString(3, word);
        written += s.executeUpdate();
      }
    }
    return written;
  }

  /** Empty: the VM runs what its image says. */
  public Optional<ProgramRow> of(VmId vm) throws BangerException {
    return database.read(c -> {
      List<String> words = words(c, vm);
      try (PreparedStatement s =
          c.prepareStatement("SELECT directory, user FROM program WHERE vm = ?")) {
        s.setString(1, vm.value());
        try (ResultSet r = s.executeQuery()) {
          return r.next() && !words.isEmpty()
              ? Optional.of(new ProgramRow(words, r.getString(1), r.getString(2)))
              : Optional.empty();
        }
      }
    });
  }

  private static List<String> words(Connection c, VmId vm) throws SQLException {
    List<String> words = new ArrayList<>();
    try (PreparedStatement s =
        c.prepareStatement("SELECT word FROM program_word WHERE vm = ? ORDER BY position")) {
      s.setString(1, vm.value());
      try (ResultSet r = s.executeQuery()) {
        while (r.next()) {
          words.add(r.getString(1));
        }
      }
    }
    return words;
  }
}
