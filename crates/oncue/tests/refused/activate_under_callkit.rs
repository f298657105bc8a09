use oncue::{Audio, Fresh, PlayAndRecord, SessionError, owner};

fn answer(audio: &mut Audio<owner::System>) -> Result<(), SessionError> {
    let session = audio.expect::<Fresh>()?.configure(PlayAndRecord::voice_chat())?;
    session.activate()?;
    Ok(())
}

fn main() {}
