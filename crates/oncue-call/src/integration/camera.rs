//! What the camera of a video call may do while another app is in front (rule book §4.4).

use oncue_session::Version;

/// What a build of the app may do, and what it runs on, as far as calls ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// `voip` is among `UIBackgroundModes`.
    pub voip_background_mode: bool,
    /// The entitlement `com.apple.developer.avfoundation.multitasking-camera-access`.
    pub multitasking_camera: bool,
    /// The version of iOS that the app is linked against.
    pub linked_against: Version,
    /// The oldest version of iOS that the app runs on.
    pub deployment_target: Version,
    /// The phone is an iPad that has Stage Manager with an external display.
    pub stage_manager: bool,
}

/// What the camera of a video call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Camera {
    /// Whether it goes on while another app is in front: in Slide Over, Split View or picture in picture. Whether it does
    /// without any of them, in the background, no source says.
    pub in_background: BackgroundCamera,
    /// Whether there is picture in picture for video calls (`AVPictureInPictureVideoCallViewController`, iOS 15).
    pub picture_in_picture: bool,
}

/// Whether the camera goes on while another app is in front. What the system itself says decides, where it can be
/// asked: `AVCaptureSession.isMultitaskingCameraAccessSupported`, from iOS 16 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackgroundCamera {
    /// It goes on.
    GoesOn,
    /// It goes on if the app sets `isMultitaskingCameraAccessEnabled` before the capture session runs.
    GoesOnIfEnabled,
    /// It is interrupted.
    Interrupted,
}

/// The versions of iOS in which that changed.
const ENTITLEMENT: Version = Version { major: 13, minor: 5 };
const PICTURE_IN_PICTURE: Version = Version { major: 15, minor: 0 };
const PROPERTY: Version = Version { major: 16, minor: 0 };
const LINKED: Version = Version { major: 18, minor: 0 };

impl Camera {
    pub(super) fn on(ios: Version, rights: &Rights) -> Self {
        let entitled = rights.multitasking_camera && rights.voip_background_mode;
        let by_linking =
            ios >= LINKED && rights.linked_against >= LINKED && rights.voip_background_mode;
        let by_display =
            ios >= PROPERTY && rights.deployment_target >= PROPERTY && rights.stage_manager;
        Self {
            in_background: if ios >= ENTITLEMENT && entitled {
                BackgroundCamera::GoesOn
            } else if by_linking || by_display {
                BackgroundCamera::GoesOnIfEnabled
            } else {
                BackgroundCamera::Interrupted
            },
            picture_in_picture: ios >= PICTURE_IN_PICTURE,
        }
    }
}
