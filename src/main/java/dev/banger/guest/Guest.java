package dev.banger.guest;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.yamux.YamuxSession;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/**
 * A connection to the agent of a running guest. Threads share it; each request has a stream and a
 * limit of its own. Once lost it stays lost: connect anew, and attach to what went on.
 */
public final class Guest implements AutoCloseable {
  /** The version of guest/PROTOCOL.md that is spoken here. */
  public static final int PROTOCOL = 1;

  private static final int MAKE_DIRECTORY = 1;
  private static final int KEEP_OWNERS = 2;

  /** Of {@link #copyTree}: the holes of files stay holes. */
  private static final int SPARSE = 2;

  private final YamuxSession session;
  private final GuestLimits limits;
  private final Requests requests;
  private final IncomingTable incoming;
  private final Heartbeat heartbeat;
  private volatile boolean closed;

  private Guest(YamuxSession session, GuestLimits limits) {
    this.session = session;
    this.limits = limits;
    this.requests = new Requests(session, limits);
    this.heartbeat = new Heartbeat(session, limits);
    this.incoming = new IncomingTable(session, limits.request());
  }

  /**
   * Finds the agent and begins a session; an older one of another host ends. {@code fresh}: the
   * guest has just been started and nobody has spoken to it.
   */
  public static Guest connect(
      GuestChannel channel, boolean fresh, Duration limit, GuestLimits limits)
      throws BangerException, InterruptedException {
    try {
      long deadline = System.nanoTime() + limit.toNanos();
      Guest guest = new Guest(Connector.connect(channel, fresh, deadline), limits);
      Thread.ofVirtual().name("guest-incoming").start(guest.incoming::run);
      Thread.ofVirtual().name("guest-heartbeat").start(guest.heartbeat::run);
      return guest;
    } catch (IOException e) {
      throw Failure.of(
          "cannot reach the agent of the guest at "
              + channel.socket()
              + " within "
              + limit.toMillis()
              + " ms",
          e);
    }
  }

  /**
   * Calls {@code listener} once if the guest is lost, with the reason; not when {@link #close} ends
   * the connection. It runs under no lock and must not block.
   */
  public void onLost(Consumer<BangerException> listener) {
    session.onClosed(reason -> {
      if (!closed) {
        listener.accept(
            new BangerException(
                ErrorCode.UNAVAILABLE,
                "lost the connection to the guest",
                "see whether the VM still runs, and its log",
                reason));
      }
    });
  }

  /** How long the agent takes to answer. */
  public Duration ping() throws BangerException, InterruptedException {
    return ping(limits.pingLimit());
  }

  public boolean isConnected() {
    return session.isOpen();
  }

  /** How long the agent takes to answer; the usual limit when it is shorter. */
  public Duration ping(Duration limit) throws BangerException, InterruptedException {
    try {
      return session.ping(shorter(limit, limits.pingLimit()));
    } catch (IOException e) {
      throw Failure.of("cannot ping the guest", e);
    }
  }

  public GuestInfo info() throws BangerException, InterruptedException {
    return requests.call(
        "cannot ask the guest who it is", Kind.INFO, out -> {}, limits.request(), GuestInfo::read);
  }

  /** Tells a guest that has just booted who it is; once. Returns when it serves commands. */
  public Ready configure(GuestConfiguration configuration, Duration limit)
      throws BangerException, InterruptedException {
    try (Conversation asked = askToConfigure(configuration, limit)) {
      return Requests.await(asked, Ready::read);
    }
  }

  /** A guest that serves commands, and what it was asked to run. */
  public record Configured(Ready ready, ExecOrder order) {}

  /**
   * As {@link #configure(GuestConfiguration, Duration)}; the program begins as soon as the guest
   * can run it, whatever is done here meanwhile.
   */
  public Configured configure(GuestConfiguration configuration, ExecSpec program, Duration limit)
      throws BangerException, InterruptedException {
    try (Conversation asked = askToConfigure(configuration, limit)) {
      ExecOrder order = ExecOrder.sendEarly(requests, program, limit);
      boolean configured = false;
      try {
        Ready ready = Requests.await(asked, Ready::read);
        configured = true;
        return new Configured(ready, order);
      } finally {
        if (!configured) {
          order.callOff();
        }
      }
    }
  }

  private Conversation askToConfigure(GuestConfiguration configuration, Duration limit)
      throws BangerException, InterruptedException {
    return requests.open("cannot configure the guest", Kind.CONFIGURE, configuration::write, limit);
  }

  /** Changes a running guest's configuration; returns its warnings. */
  public List<String> apply(GuestConfiguration configuration)
      throws BangerException, InterruptedException {
    return requests.call(
        "cannot apply the configuration to the guest",
        Kind.APPLY,
        configuration::write,
        limits.work(),
        WireReader::strings);
  }

  /** Tells a guest that was restored from a snapshot who it is now; returns its warnings. */
  public List<String> identity(GuestConfiguration configuration)
      throws BangerException, InterruptedException {
    return requests.call(
        "cannot give the guest its new identity",
        Kind.IDENTITY,
        configuration::write,
        limits.work(),
        WireReader::strings);
  }

  public void setClock(Instant now) throws BangerException, InterruptedException {
    requests.run(
        "cannot set the guest's clock",
        Kind.SET_CLOCK,
        out -> out.i64(GuestConfiguration.unixNanos(now)));
  }

  public GuestStats stats() throws BangerException, InterruptedException {
    return stats(limits.request());
  }

  /** For who cannot wait as long as usual. */
  public GuestStats stats(Duration limit) throws BangerException, InterruptedException {
    return requests.call(
        "cannot read the guest's statistics",
        Kind.STATS,
        out -> {},
        shorter(limit, limits.request()),
        GuestStats::read);
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** Every listening socket of the guest. */
  public List<ListeningPort> ports() throws BangerException, InterruptedException {
    return requests.call(
        "cannot read the guest's listening ports",
        Kind.PORTS,
        out -> {},
        limits.request(),
        in -> in.list(ListeningPort::read));
  }

  /** Returns when everything written in the guest is on its disks. */
  public void sync() throws BangerException, InterruptedException {
    requests.run("cannot sync the guest's disks", Kind.SYNC, out -> {}, limits.work());
  }

  /**
   * Asks the guest to end; what still runs after {@code grace} is killed there. {@code limit}: for
   * its answer, not its end.
   */
  public void power(PowerAction action, Duration grace, Duration limit)
      throws BangerException, InterruptedException {
    requests.run(
        "cannot ask the guest to power off",
        Kind.POWER,
        out -> out.u8(action.number()).u32(grace.toMillis()),
        limit);
  }

  /** Grows with each sign of life: two a while apart tell whether there was one. */
  public long signsOfLife() {
    return heartbeat.answers();
  }

  /** How many requests, programs, copies and connections are under way. */
  public int busyStreams() {
    return session.openStreams();
  }

  public void freeze(String mountPoint) throws BangerException, InterruptedException {
    requests.run(
        "cannot freeze " + mountPoint + " in the guest",
        Kind.FREEZE,
        out -> out.path(mountPoint),
        limits.work());
  }

  public void thaw(String mountPoint) throws BangerException, InterruptedException {
    requests.run(
        "cannot thaw " + mountPoint + " in the guest",
        Kind.THAW,
        out -> out.path(mountPoint),
        limits.work());
  }

  /** Grows a file system to its device; returns its new size. */
  public ByteSize grow(String mountPoint) throws BangerException, InterruptedException {
    return requests.call(
        "cannot grow " + mountPoint + " in the guest",
        Kind.GROW,
        out -> out.path(mountPoint),
        limits.work(),
        in -> new ByteSize(in.u64()));
  }

  /** Gives a file system's free blocks back to the host; returns how much. */
  public ByteSize trim(String mountPoint) throws BangerException, InterruptedException {
    return requests.call(
        "cannot trim " + mountPoint + " in the guest",
        Kind.TRIM,
        out -> out.path(mountPoint),
        limits.work(),
        in -> new ByteSize(in.u64()));
  }

  /** Runs a program, and attaches to it; on failure the guest neither runs nor remembers it. */
  public ExecStart exec(ExecSpec spec) throws BangerException, InterruptedException {
    return ExecOrder.send(requests, spec).await();
  }

  /** Takes up a program that runs or has run, at these offsets of its output. */
  public GuestExec attach(ExecId id, boolean terminal, long stdoutOffset, long stderrOffset)
      throws BangerException, InterruptedException {
    return GuestExec.attach(requests, id, terminal, stdoutOffset, stderrOffset);
  }

  /** Every exec that the guest holds. */
  public List<ExecInfo> execs() throws BangerException, InterruptedException {
    return requests.call(
        "cannot list the guest's execs",
        Kind.EXEC_LIST,
        out -> {},
        limits.request(),
        in -> in.list(ExecInfo::read));
  }

  /**
   * Unpacks a tar stream below {@code directory}, as {@code user}. {@code keepOwners}: files belong
   * to whom the archive says, else to {@code user}.
   */
  public CopyIn copyIn(String directory, String user, boolean makeDirectory, boolean keepOwners)
      throws BangerException, InterruptedException {
    int flags = (makeDirectory ? MAKE_DIRECTORY : 0) | (keepOwners ? KEEP_OWNERS : 0);
    return new CopyIn(
        talk(
            "cannot copy to " + directory + " in the guest",
            Kind.COPY_IN,
            out -> out.path(directory).name(user).u8(flags)));
  }

  /** Packs {@code path} as a tar stream, read as {@code user}. */
  public CopyOut copyOut(String path, String user, boolean followLink)
      throws BangerException, InterruptedException {
    return new CopyOut(
        talk(
            "cannot copy " + path + " from the guest",
            Kind.COPY_OUT,
            out -> out.path(path).name(user).bool(followLink)));
  }

  /** Packs what is in a directory, as root, files with holes as such. */
  public CopyOut copyTree(String directory) throws BangerException, InterruptedException {
    return new CopyOut(
        talk(
            "cannot copy " + directory + " from the guest",
            Kind.COPY_OUT,
            out -> out.path(directory + "/.").name("").u8(SPARSE)));
  }

  public FileStatus stat(String path, boolean followLink)
      throws BangerException, InterruptedException {
    return requests.call(
        "cannot look at " + path + " in the guest",
        Kind.STAT,
        out -> out.path(path).bool(followLink),
        limits.request(),
        FileStatus::read);
  }

  /** Speaks the SSH file transfer protocol, version 3. */
  public GuestStream sftp(String user) throws BangerException, InterruptedException {
    return new GuestStream(
        talk("cannot start SFTP in the guest", Kind.SFTP, out -> out.name(user)));
  }

  /** Connects to a socket in the guest. */
  public GuestStream connect(GuestAddress address) throws BangerException, InterruptedException {
    return new GuestStream(
        talk(
            "cannot connect to " + address + " in the guest",
            Kind.CONNECT,
            out -> GuestAddress.write(address, out)));
  }

  /** Sends datagrams to a UDP socket in the guest; whether there is one shows only then. */
  public GuestDatagrams datagrams(GuestAddress address)
      throws BangerException, InterruptedException {
    return new GuestDatagrams(
        talk(
            "cannot send datagrams to " + address + " in the guest",
            Kind.DATAGRAMS,
            out -> GuestAddress.write(address, out)));
  }

  /** Listens on a socket in the guest; port 0: the guest chooses. */
  public GuestListener listen(GuestAddress address) throws BangerException, InterruptedException {
    long mode = address instanceof GuestAddress.Unix unix ? unix.mode() : 0;
    GuestListener listener = null;
    incoming.asking();
    try {
      Conversation conversation =
          requests.open(
              "cannot listen on " + address + " in the guest",
              Kind.LISTEN,
              out -> {
                GuestAddress.write(address, out);
                out.u32(mode);
              },
              limits.request());
      listener =
          Requests.await(
              conversation, in -> new GuestListener(conversation, incoming, in.u64(), in.u16()));
      conversation.withoutLimit();
    } finally {
      incoming.asked(listener);
    }
    Thread.ofVirtual().name("guest-listener").start(listener::watch);
    return listener;
  }

  /** Asks, waits for the OK, and leaves the stream open. */
  private Conversation talk(String what, Kind kind, Consumer<WireWriter> body)
      throws BangerException, InterruptedException {
    Conversation conversation = requests.open(what, kind, body, limits.request());
    boolean _ = Requests.await(conversation, in -> true);
    conversation.withoutLimit();
    return conversation;
  }

  /** Ends the connection; the guest and its execs go on. */
  @Override
  public void close() {
    closed = true;
    session.close();
  }
}
