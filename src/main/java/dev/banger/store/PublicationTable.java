package dev.banger.store;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The tables {@code publication} and {@code loopback_address}. No two rows overlap; what a VM has
 * in them goes with its row in {@code vm}. What is written is flushed with what follows.
 */
public final class PublicationTable {
  private final Database database;

  public PublicationTable(Database database) {
    this.database = database;
  }

  /** Writes all of them, or none: then it returns the first that is in the way of one. */
  public Optional<PublicationRow> claim(List<PublicationRow> wanted) throws BangerException {
    return replace(List.of(), wanted);
  }

  /** As {@link #claim}, in place of these. */
  public Optional<PublicationRow> replace(
      Collection<PublicationRow> before, List<PublicationRow> wanted) throws BangerException {
    return database.writeBeginning(c -> {
      List<PublicationRow> all = all(c);
      all.removeAll(before);
      for (PublicationRow row : wanted) {
        Optional<PublicationRow> other = all.stream().filter(row::overlaps).findFirst();
        if (other.isPresent()) {
          return other;
        }
        all.add(row);
      }
      delete(c, before);
      insert(c, wanted);
      return Optional.empty();
    });
  }

  private static void insert(Connection c, List<PublicationRow> rows) throws SQLException {
    try (PreparedStatement s =
        c.prepareStatement("INSERT INTO publication VALUES (?, ?, ?, ?, ?, ?)")) {
      for (PublicationRow row : rows) {
        s.setString(1, row.vm().value());
        s.setString(2, row.protocol().toString());
        s.setString(3, row.address());
        s.setInt(4, row.port());
        s.setInt(5, row.chosen() ? 1 : 0);
        s.setInt(6, row.guestPort());
        int _ = s.executeUpdate();
      }
    }
  }

  public void release(Collection<PublicationRow> rows) throws BangerException {
    int _ = database.writeUnflushed(c -> delete(c, rows));
  }

  private static int delete(Connection c, Collection<PublicationRow> rows) throws SQLException {
    int deleted = 0;
    try (PreparedStatement s =
        c.prepareStatement(
            "DELETE FROM publication WHERE vm = ? AND protocol = ? AND address = ? AND port = ?")) {
      for (PublicationRow row : rows) {
        s.setString(1, row.vm().value());
        s.setString(2, row.protocol().toString());
        s.setString(3, row.address());
        s.setInt(4, row.port());
        deleted += s.executeUpdate();
      }
    }
    return deleted;
  }

  /** By guest port. */
  public List<PublicationRow> all() throws BangerException {
    return database.read(PublicationTable::all);
  }

  private static List<PublicationRow> all(Connection c) throws SQLException {
    List<PublicationRow> found = new ArrayList<>();
    try (PreparedStatement s =
            c.prepareStatement(
                "SELECT * FROM publication ORDER BY vm, guest_port, protocol, address, port");
        ResultSet r = s.executeQuery()) {
      while (r.next()) {
        found.add(
            new PublicationRow(
                new VmId(r.getString("vm")),
                PublicationRow.Protocol.valueOf(r.getString("protocol").toUpperCase(Locale.ROOT)),
                r.getString("address"),
                r.getInt("port"),
                r.getInt("chosen") == 1,
                r.getInt("guest_port")));
      }
    }
    return found;
  }

  /** The VM's own; when it has none yet, the first of these that is nobody's becomes it. */
  public Optional<String> address(VmId vm, List<String> candidates) throws BangerException {
    return database.writeUnflushed(c -> {
      Optional<String> own = address(c, vm);
      try (PreparedStatement s =
          c.prepareStatement("INSERT INTO loopback_address VALUES (?, ?) ON CONFLICT DO NOTHING")) {
        for (int i = 0; own.isEmpty() && i < candidates.size(); i++) {
          s.setString(1, vm.value());
          s.setString(2, candidates.get(i));
          own = s.executeUpdate() == 1 ? Optional.of(candidates.get(i)) : own;
        }
      }
      return own;
    });
  }

  /** The VM whose own address this is. */
  public Optional<VmId> owner(String address) throws BangerException {
    return database.read(c -> {
      try (PreparedStatement s =
          c.prepareStatement("SELECT vm FROM loopback_address WHERE address = ?")) {
        s.setString(1, address);
        try (ResultSet r = s.executeQuery()) {
          return r.next() ? Optional.of(new VmId(r.getString(1))) : Optional.empty();
        }
      }
    });
  }

  private static Optional<String> address(Connection c, VmId vm) throws SQLException {
    try (PreparedStatement s =
        c.prepareStatement("SELECT address FROM loopback_address WHERE vm = ?")) {
      s.setString(1, vm.value());
      try (ResultSet r = s.executeQuery()) {
        return r.next() ? Optional.of(r.getString(1)) : Optional.empty();
      }
    }
  }
}
