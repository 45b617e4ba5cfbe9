package dev.banger.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class UndoTest {
  private final List<String> ran = new ArrayList<>();

  @Test
  void runsNewestFirst() throws BangerException {
    try (var undo = new Undo()) {
      undo.add("one", () -> ran.add("one"));
      undo.add("two", () -> ran.add("two"));
    }
    assertThat(ran).containsExactly("two", "one");
  }

  @Test
  void runsNothingWhenTheWorkIsKept() throws BangerException {
    try (var undo = new Undo()) {
      undo.add("one", () -> ran.add("one"));
      undo.keep();
    }
    assertThat(ran).isEmpty();
  }

  @Test
  void aFailedStepStopsNoOtherAndIsToldWithTheFirstFailure() {
    assertThatThrownBy(
            () -> {
              try (var undo = new Undo()) {
                undo.add("one", () -> ran.add("one"));
                undo.add(
                    "two",
                    () -> {
                      throw new IllegalStateException("no");
                    });
                throw new IllegalArgumentException("first");
              }
            })
        .isInstanceOf(IllegalArgumentException.class)
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    assertThat(ran).containsExactly("one");
  }

  @Test
  void runsEverythingForAnInterruptedThreadAndLeavesItInterrupted() throws BangerException {
    Thread.currentThread().interrupt();
    try (var undo = new Undo()) {
      undo.add("sleep", () -> Thread.sleep(1));
      undo.add("one", () -> ran.add("one"));
    }
    assertThat(Thread.interrupted()).isTrue();
    assertThat(ran).containsExactly("one");
  }
}
