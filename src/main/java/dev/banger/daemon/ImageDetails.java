package dev.banger.daemon;

import dev.banger.api.ImageApi;
import dev.banger.capability.WorkDisk;
import dev.banger.image.Image;
import dev.banger.image.ImageLayer;
import dev.banger.image.disk.Trees;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;

/** What an image is made of and what it costs, in view of all the others. */
final class ImageDetails {
  private ImageDetails() {}

  static ImageApi.Details of(Image image, List<Image> all) throws BangerException {
    List<ImageApi.Layer> layers = new ArrayList<>();
    long shared = 0;
    for (ImageLayer layer : image.layers()) {
      List<String> others = others(image, layer, all);
      layers.add(new ImageApi.Layer(layer.digest(), layer.size().bytes(), others));
      shared += others.isEmpty() ? 0 : layer.size().bytes();
    }
    return new ImageApi.Details(
        image.size().bytes(),
        Trees.allocated(image.directory()).bytes(),
        shared,
        image.hasInit(),
        image.defaults().service(),
        layers,
        WorkDisk.volumesLeftOut(image));
  }

  private static List<String> others(Image image, ImageLayer layer, List<Image> all) {
    return all.stream()
        .filter(other -> !other.id().equals(image.id()))
        .filter(other -> other.layers().stream().anyMatch(l -> l.digest().equals(layer.digest())))
        .map(other -> other.named() ? other.shownName() : other.id())
        .distinct()
        .toList();
  }
}
