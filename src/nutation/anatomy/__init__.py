"""The pelvis as data: images, labels, bones, frame, landmarks, joint surface; implants and constructs as shapes."""
