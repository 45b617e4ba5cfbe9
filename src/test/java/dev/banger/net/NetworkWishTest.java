package dev.banger.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NetworkWishTest {
  private static NetworkWish wish(Optional<Boolean> nat, Optional<String> network)
      throws BangerException {
    return NetworkWish.parse(Optional.empty(), nat, network, EgressWish.NONE);
  }

  @Test
  void whatHoldsOfEveryUserNetworkNeedsNoBridge() throws Exception {
    assertThat(wish(Optional.of(true), Optional.of("none")).needsBridge()).isFalse();
    assertThat(wish(Optional.of(true), Optional.of("none")).isEmpty()).isFalse();
    assertThat(NetworkWish.NONE.needsBridge()).isFalse();
    assertThat(wish(Optional.of(false), Optional.empty()).needsBridge()).isTrue();
    assertThat(wish(Optional.empty(), Optional.of("dev")).needsBridge()).isTrue();
  }

  @Test
  void aNetworksNameIsALabel() {
    assertThatThrownBy(() -> wish(Optional.empty(), Optional.of("Dev/1")))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("no name of a network");
  }
}
