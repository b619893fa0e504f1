/**
 * FormError: why a form was refused, above its buttons; nothing while there is no reason. Screen
 * readers say it at once.
 */
import './field.css';

export function FormError({ text }: { text: string }) {
  if (text === '') return null;
  return (
    <p class="field-error" role="alert">
      {text}
    </p>
  );
}
