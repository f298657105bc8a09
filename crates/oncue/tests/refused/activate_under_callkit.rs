use oncue::{Action, Audio, Fresh, PlayAndRecord, SessionError, action, owner};

fn answer(audio: &mut Audio<owner::System>, call: Action<action::Answer>) -> Result<(), SessionError> {
    let session = audio.expect::<Fresh>()?.configure(PlayAndRecord::voice_chat())?;
    session.activate()?;
    Ok(())
}

fn main() {}
