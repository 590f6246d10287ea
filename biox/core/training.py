"""How a network is trained: the section ``training`` of a study file."""

from typing import Literal

from pydantic import Field

from biox.core.strict import Strict


class Training(Strict):
    """How a network is trained; solvers (the linear SVM, logistic regression) do not use it."""

    epochs: int = Field(default=200, ge=1)
    batch: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    optimiser: Literal["adamw", "sgd"] = Field(
        default="adamw", description="sgd has Nesterov momentum 0.9; it needs a higher learning rate, a smaller decay"
    )
    schedule: Literal["cosine", "constant"] = Field(
        default="cosine", description="cosine: a rise over the first tenth of the epochs, then a fall to zero"
    )
    patience: int = Field(default=30, ge=1)
    average: float = Field(
        default=0.0, ge=0, lt=1, description="decay of the running mean of the weights; 0 switches it off"
    )
    noise: float = Field(
        default=0.0, ge=0, description="sd of smooth noise added to training curves, in normalised units"
    )
    warp: float = Field(default=0.0, ge=0, description="largest smooth shift along the curve while training, in points")
    scale: float = Field(default=0.0, ge=0, description="sd of the random gain of a training curve")
    mixup: float = Field(default=0.0, ge=0, description="alpha of mixup between training samples; 0 switches it off")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    balanced: bool = Field(default=False, description="classes weigh alike in the loss, whatever their size")
    refit: bool = Field(
        default=False, description="retrain on training and validation folds for the number of epochs found best"
    )
    turn: bool = Field(default=False, description="mirror and turn training images at random")
    stain: float = Field(default=0.0, ge=0, description="sd of the random change of each stain (HED) of an image")
    shift: int = Field(default=0, ge=0, description="largest random shift of a training image, in pixels")
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="bfloat16: mixed precision on a graphics card; weights stay float32"
    )
    checkpoint: int = Field(
        default=0, ge=0, description="epochs between checkpoints, from which an interrupted training goes on; 0: none"
    )
